import type { IntegrationSpec } from './integration-spec.ts'
import type { SourceSpec } from './source-spec.ts'

export interface Source {
  readonly id: number
  readonly name: string
  readonly revision: number
  readonly spec: SourceSpec
}

/** The secrets with which an integration's deliveries are signed; two while one is being rotated. */
export interface SigningSecrets {
  readonly current: string
  readonly previous: string | null
  readonly previousUntil: Date | null
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
