/** Something that a doctor has to say. */
export interface Finding {
  /** What was looked at. */
  readonly check: string
  /** `problem`: it does not work or may lose events. `warning`: it will not work for long, or not for everybody. */
  readonly severity: 'problem' | 'warning' | 'note' | 'ok'
  readonly message: string
  /** What to do; null: nothing. */
  readonly remedy: string | null
}

/** What was measured, for one decision about all of it. */
export interface Facts {
  readonly database: DatabaseFacts
  /** Null: the database is elsewhere, and so is its disk. */
  readonly disk: { readonly path: string; readonly freeBytes: number; readonly totalBytes: number } | null
  readonly nodes: readonly NodeFacts[]
  readonly orphans: readonly OrphanFacts[]
  readonly integrations: readonly IntegrationFacts[]
  readonly sources: readonly { readonly name: string; readonly isPublic: boolean }[]
  /** What is wrong or odd in what integrations ask for. */
  readonly policies: readonly PolicyFacts[]
  readonly keys: readonly KeyFacts[]
  readonly settings: SettingFacts
  readonly now: Date
}

export interface DatabaseFacts {
  readonly serverVersion: string
  readonly roundTripMs: number
  /** Its clock minus ours. */
  readonly clockAheadMs: number
  readonly sizeBytes: number
  readonly connections: number
  readonly maxConnections: number
  readonly isEncrypted: boolean
  readonly fsync: boolean
  readonly fullPageWrites: boolean
  readonly autovacuum: boolean
  readonly synchronousCommit: string
  readonly archives: boolean
  readonly replicas: number
  readonly hasSynchronousReplica: boolean
  readonly oldestTransaction: {
    readonly ageMs: number
    readonly application: string
    readonly pid: number
  } | null
  readonly oldestPreparedMs: number | null
  readonly idleSlots: readonly { readonly name: string; readonly heldBytes: number }[]
}

export interface NodeFacts {
  readonly host: string
  readonly version: string
  readonly isAlive: boolean
}

/** Deliveries whose owner is no node. */
export interface OrphanFacts {
  readonly integration: string
  readonly count: number
}

export interface IntegrationFacts {
  readonly name: string
  readonly targetKind: string
  readonly isPaused: boolean
  readonly circuit: { readonly isOpen: boolean; readonly isForced: boolean; readonly reason: string | null }
  readonly openForMs: number
  readonly backlog: number
  readonly waiting: number
  readonly processing: number
  readonly oldestPendingAgeMs: number | null
  readonly dead: number
  readonly manual: number
  readonly attemptsPerSecond: number
  readonly failuresPerSecond: number
}

export interface PolicyFacts {
  readonly integration: string
  readonly path: string
  readonly message: string
}

export interface KeyFacts {
  readonly id: number
  readonly name: string
  readonly mayAdminister: boolean
  readonly expiresAt: Date | null
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
}

export interface SettingFacts {
  readonly host: string
  readonly publicUrl: string | null
  readonly isMetricsPublic: boolean
  readonly isDatabaseEmbedded: boolean
  /** Whether the database is on this machine. */
  readonly isDatabaseLocal: boolean
  readonly isSecretKeyGiven: boolean
  readonly deniesTargets: boolean
}
