import { statfs } from 'node:fs/promises'
import type { Integration, Source } from '../core/catalog.ts'
import { diagnose } from '../core/doctor.ts'
import type { Facts, Finding, IntegrationFacts, SettingFacts } from '../core/doctor/facts.ts'
import { policyProblems, policyWarnings } from '../core/policy-problems.ts'
import type { Pool } from '../store/database.ts'
import { countOrphans, readClock, readDatabaseReport } from '../store/doctor.ts'
import { listKeys } from '../store/keys.ts'
import { listNodes } from '../store/node-list.ts'
import type { IntegrationFigures, Statistics } from './statistics.ts'

export interface DoctorDeps {
  readonly pool: Pool
  readonly statistics: Pick<Statistics, 'all'>
  readonly catalog: () => {
    readonly sources: readonly Source[]
    readonly integrations: readonly Integration[]
  }
  readonly settings: SettingFacts
  /** What lies on the disk of the embedded database. */
  readonly dataDir: string
  readonly now: () => Date
}

const mostKeys = 1_000

/** Measures what can go wrong without anyone noticing, and says what to do about it. */
export class Doctor {
  readonly #deps: DoctorDeps

  constructor(deps: DoctorDeps) {
    this.#deps = deps
  }

  async examine(): Promise<readonly Finding[]> {
    return diagnose(await this.#facts())
  }

  async #facts(): Promise<Facts> {
    const { pool, statistics, catalog, settings, now } = this.#deps
    const { sources, integrations } = catalog()
    const { each } = await statistics.all()
    const kinds = new Map(integrations.map(({ name, spec }) => [name, spec.target.kind]))
    const orphans = await countOrphans(
      pool,
      integrations.map(({ id }) => id),
    )
    return {
      database: { ...(await readDatabaseReport(pool)), ...(await this.#measureDatabase()) },
      disk: settings.isDatabaseEmbedded ? await this.#disk() : null,
      nodes: await listNodes(pool),
      orphans: integrations.flatMap(({ id, name }) => {
        const count = orphans.get(id)
        return count === undefined ? [] : [{ integration: name, count }]
      }),
      integrations: each.map((figures) => factsOf(figures, kinds.get(figures.integration) ?? '', now())),
      sources: sources.map(({ name, spec }) => ({
        name,
        isPublic: spec.public && spec.verify.kind === 'none',
      })),
      policies: integrations.flatMap(({ name, spec }) =>
        [...policyProblems(spec), ...policyWarnings(spec, sources)].map((found) => ({
          integration: name,
          ...found,
        })),
      ),
      keys: (await listKeys(pool, { beforeId: null, limit: mostKeys })).map((key) => ({
        ...key,
        mayAdminister: key.scopes.includes('keys:manage'),
      })),
      settings,
      now: now(),
    }
  }

  async #measureDatabase(): Promise<{ readonly roundTripMs: number; readonly clockAheadMs: number }> {
    const startedAtMs = performance.now()
    const before = this.#deps.now().getTime()
    const databaseMs = await readClock(this.#deps.pool)
    const roundTripMs = performance.now() - startedAtMs
    // It looked at its clock somewhere in between.
    return { roundTripMs, clockAheadMs: databaseMs - (before + roundTripMs / 2) }
  }

  async #disk(): Promise<Facts['disk']> {
    const { dataDir } = this.#deps
    const found = await statfs(dataDir).catch(() => null)
    if (!found) return null
    const { bavail, blocks, bsize } = found
    return { path: dataDir, freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  }
}

function factsOf(figures: IntegrationFigures, targetKind: string, now: Date): IntegrationFacts {
  const { integration, circuit, perSecond, ...counts } = figures
  return {
    ...counts,
    name: integration,
    targetKind,
    circuit: { isOpen: circuit.phase !== 'closed', isForced: circuit.forced, reason: circuit.reason },
    openForMs: now.getTime() - circuit.sinceMs,
    attemptsPerSecond: perSecond.attempts,
    failuresPerSecond: perSecond.failures,
  }
}
