import type { Facts, Finding, KeyFacts } from './facts.ts'
import { ok, orWell } from './words.ts'

const unusedAfterMs = 90 * 86_400_000

/** What is easy to get wrong once others can reach the hub. */
export function settingFindings(facts: Facts): readonly Finding[] {
  return orWell(
    [...exposure(facts), ...secrets(facts), ...keys(facts), ...policies(facts)],
    ok('settings', 'No setting is weak.'),
  )
}

function exposure({ settings, sources }: Facts): readonly Finding[] {
  const findings: Finding[] = []
  const isExposed = !['127.0.0.1', '::1', 'localhost'].includes(settings.host)
  if (isExposed && !settings.publicUrl?.startsWith('https:'))
    findings.push({
      check: 'settings',
      severity: 'warning',
      message: `The hub listens on ${settings.host} without TLS: keys and payloads can be read on the way.`,
      remedy:
        'Put a proxy with TLS before it, let it listen on 127.0.0.1 and set HUB_PUBLIC_URL to its https address.',
    })
  if (isExposed && settings.isMetricsPublic)
    findings.push({
      check: 'settings',
      severity: 'warning',
      message: 'Anyone who reaches the hub can read its metrics.',
      remedy: 'Unset HUB_METRICS_PUBLIC and give the collector a key with the scope metrics:read.',
    })
  if ((isExposed || settings.publicUrl !== null) && !settings.deniesTargets)
    findings.push({
      check: 'settings',
      severity: 'note',
      message: 'Whoever may configure integrations can let the hub call addresses inside your network.',
      remedy: 'If that is not wanted, name your networks in HUB_TARGETS_DENY.',
    })
  for (const { name } of sources.filter(({ isPublic }) => isPublic))
    findings.push({
      check: 'settings',
      severity: 'warning',
      message: `Anyone may send events to the source ${name}: it is public and verifies nothing.`,
      remedy: 'Let it verify a signature, or take "public" away and give the sender a key.',
    })
  return findings
}

function secrets({ settings, database }: Facts): readonly Finding[] {
  const findings: Finding[] = []
  if (!settings.isDatabaseEmbedded && !settings.isSecretKeyGiven)
    findings.push({
      check: 'settings',
      severity: 'warning',
      message: 'The secrets in the database can be read with a file of this machine only.',
      remedy:
        'Keep secret-key of the data directory somewhere safe, and give it to every node in HUB_SECRET_KEY.',
    })
  if (!settings.isDatabaseLocal && !database.isEncrypted)
    findings.push({
      check: 'settings',
      severity: 'warning',
      message: 'The connection to the database is not encrypted and leaves this machine.',
      remedy: 'Add sslmode=verify-full to DATABASE_URL.',
    })
  return findings
}

function keys({ keys: found, now }: Facts): readonly Finding[] {
  const unusedSince = (key: KeyFacts): number => now.getTime() - (key.lastUsedAt ?? key.createdAt).getTime()
  return found
    .filter((key) => key.mayAdminister && key.expiresAt === null && unusedSince(key) > unusedAfterMs)
    .map(({ id, name }) => ({
      check: 'settings',
      severity: 'warning',
      message: `The key ${name} may do everything, never expires and was not used for 90 days.`,
      remedy: `Revoke it if nobody needs it: \`hub keys revoke ${id}\`.`,
    }))
}

function policies({ policies: found }: Facts): readonly Finding[] {
  return found.map(({ integration, path, message }) => ({
    check: 'settings',
    severity: 'warning',
    message: `${integration}: ${path.slice(1).replaceAll('/', '.')} ${message}.`,
    remedy: 'Put the integration again without the contradiction, or leave it if it is meant.',
  }))
}
