import type { Logger } from 'pino'
import type { AddressPolicy } from '../core/address.ts'
import type { Integration, Source } from '../core/catalog.ts'
import type { Share } from '../core/share.ts'
import type { IncomingEvent, StoredEvent } from '../core/event.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Verification } from '../core/source-spec.ts'
import type { Fate } from '../engine/commit-events.ts'
import type { CatalogIndex } from '../engine/live-catalog.ts'
import type { Pool } from '../store/database.ts'
import type { SecretBox } from '../store/secrets.ts'
import type { OperatingContext } from './operating-context.ts'

/** What the routes need of everything else. `main.ts` makes it; tests fake the parts they touch. */
export interface HubContext extends OperatingContext {
  readonly settings: HttpSettings
  readonly logger: Logger
  /** Routes read and change the store by the functions of `store/` over this pool. */
  readonly pool: Pool
  readonly secrets: SecretBox
  /** Where targets may lie. */
  readonly addresses: AddressPolicy
  readonly catalog: CatalogPort
  readonly receiving: ReceivingPort
  readonly ingest: IngestPort
  readonly targets: TargetsPort
  readonly circuits: CircuitsPort
  readonly keyUse: KeyUsePort
  readonly inspected: InspectedPort
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
  /** Whether `/metrics` needs no key. */
  readonly metricsPublic: boolean
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

/** A request as it came, for those who verify and read it. */
export interface IncomingRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly receivedAt: Date
}

/** How senders are verified and understood (`sources/`). All may throw a Problem. */
export interface ReceivingPort {
  verify(verification: Verification, request: IncomingRequest): void
  readCloudEvents(
    request: IncomingRequest,
    source: Pick<Source, 'spec'>,
  ): { readonly mode: 'single' | 'batch'; readonly events: readonly IncomingEvent[] }
  readWebhook(request: IncomingRequest, source: Pick<Source, 'spec'>): IncomingEvent
  /** Null: the request asks for no handshake. */
  answerHandshake(request: IncomingRequest, source: Pick<Source, 'spec'>): HandshakeAnswer | null
}

export interface HandshakeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | null
  readonly body: string
}

export interface IngestPort {
  /** Resolves when the events are on disk, all of them or none, with what became of each; may reject with a Problem. */
  accept(source: Source, events: readonly IncomingEvent[]): Promise<readonly Fate[]>
  /** This node's place among those that are alive. */
  readonly share: Share
}

export interface TargetsPort {
  /** Sends one event outside of all queues and policies, and shows what went out and what came back. */
  tryOut(integration: Integration, event: StoredEvent): Promise<TriedExchange>
}

export interface TriedExchange {
  /** Null: it did not come to a request. Without the credentials that it carried. */
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: readonly (readonly [name: string, value: string])[]
  } | null
  readonly outcome: Outcome
}

export interface CircuitsPort {
  /** On all nodes, until it is forced the other way. */
  force(integration: Integration, state: 'open' | 'closed'): Promise<void>
}

export interface KeyUsePort {
  seen(keyId: number): void
}

export interface InspectedPort {
  /** What `inspect` targets got of late, newest first. */
  recent(): readonly Inspected[]
}

export interface Inspected {
  /** Counts up. */
  readonly n: number
  readonly receivedAt: Date
  readonly integration: string
  readonly eventId: string
  readonly deliveryId: string
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}
