import type { Config } from '../config.ts'
import type { SettingFacts } from '../core/doctor/facts.ts'

/** What a doctor has to know of the settings, and of no secret in them. */
export function settingFacts(config: Config): SettingFacts {
  return {
    host: config.host,
    publicUrl: config.publicUrl ?? null,
    isMetricsPublic: config.metricsPublic,
    isDatabaseEmbedded: config.databaseUrl === undefined,
    isDatabaseLocal: config.databaseUrl === undefined || isLocal(config.databaseUrl),
    isSecretKeyGiven: config.secretKey !== undefined,
    deniesTargets: config.targetsDeny.length > 0,
  }
}

/** On this machine, or behind a socket of it. */
function isLocal(databaseUrl: string): boolean {
  const host = URL.parse(databaseUrl)?.hostname ?? ''
  return host === '' || host.startsWith('%2F') || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i.test(host)
}
