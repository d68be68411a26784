import type { IntegrationSpec } from './integration-spec.ts'
import type { SourceSpec } from './source-spec.ts'

export interface Source {
  readonly id: number
  readonly name: string
  readonly revision: number
  readonly spec: SourceSpec
}

/** The secrets with which an integration's deliveries are signed; several while they are being rotated. */
export interface SigningSecrets {
  readonly current: string
  /** Newest first. */
  readonly former: readonly FormerSecret[]
}

/** What a receiver may still have, and has been promised until then. */
export interface FormerSecret {
  readonly secret: string
  readonly until: Date
}

export interface Integration {
  readonly id: number
  readonly name: string
  readonly revision: number
  readonly spec: IntegrationSpec
  readonly signing: SigningSecrets
}

export interface Key {
  readonly id: number
  readonly name: string
  /** Hex sha-256 of the key. */
  readonly hash: string
  readonly scopes: readonly string[]
  readonly sourceId: number | null
  readonly expiresAt: Date | null
}

/** The whole configuration, as of one version. Never changed in place. */
export interface Catalog {
  readonly version: number
  readonly sources: readonly Source[]
  readonly integrations: readonly Integration[]
  readonly keys: readonly Key[]
}
