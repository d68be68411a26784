import type { Logger } from 'pino'
import type { CatalogIndex } from '../engine/live-catalog.ts'
import type { Pool } from '../store/database.ts'

/** What the routes need of everything else. `main.ts` makes it; tests fake the parts they touch. */
export interface HubContext {
  readonly settings: HttpSettings
  readonly logger: Logger
  /** Routes read and change the store by the functions of `store/` over this pool. */
  readonly pool: Pool
  readonly catalog: CatalogPort
  readonly health: HealthPort
  readonly now: () => Date
}

export interface HttpSettings {
  readonly version: string
  readonly adminKey: string
  readonly maxPayloadBytes: number
  readonly maxBatchBytes: number
  readonly publicUrl: string | null
  /** Addresses and CIDRs of the proxies whose `x-forwarded-*` is believed. */
  readonly trustedProxies: readonly string[]
  readonly corsOrigins: readonly string[]
}

/** The configuration in memory (`engine/live-catalog.ts`). */
export interface CatalogPort {
  readonly current: CatalogIndex
  /** Reads the store again, so that a change just made is in force when this resolves. */
  refresh(): Promise<void>
}

export interface HealthPort {
  /** Why the hub cannot work now, one sentence each; empty: it is ready. */
  readiness(): Promise<readonly string[]>
}
