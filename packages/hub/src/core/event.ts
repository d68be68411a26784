/**
 * CloudEvents context attributes and extensions exactly as the sender gave them, without `specversion`,
 * `datacontenttype` and `data`. What the sender did not give is absent here and filled on delivery.
 */
export type Attributes = Readonly<Record<string, string>>

/** One fact from a source, verified and read, before it has an id. */
export interface IncomingEvent {
  readonly type: string
  readonly subject: string | null
  readonly attributes: Attributes
  readonly contentType: string | null
  readonly body: Buffer
  /** Kept request headers, handed on with every delivery. Names are lower-case. */
  readonly headers: Readonly<Record<string, string>>
  /** What makes two requests the same event within one source; null: every request is a new event. */
  readonly idempotencyKey: string | null
  readonly correlationId: string | null
  readonly causationId: string | null
  /** Not delivered before this time (`deliverat`). */
  readonly deliverAt: Date | null
  /** Business keys by name, for tracing. */
  readonly keys: Readonly<Record<string, string>>
}

/** An event as it is kept: what targets get and what readers see. */
export interface StoredEvent {
  readonly id: string
  readonly seq: number
  readonly sourceId: number
  readonly sourceName: string
  readonly type: string
  readonly subject: string | null
  readonly attributes: Attributes
  readonly contentType: string | null
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly correlationId: string
  readonly receivedAt: Date
}

export const limits = {
  /** All attributes of an event together, names and values: receivers bound their headers. */
  attributeBytes: 8_192,
  typeLength: 500,
  subjectLength: 1_000,
  idempotencyKeyLength: 1_000,
  correlationIdLength: 500,
  keyLength: 500,
  extensionCount: 50,
  /** Of a text that is indexed: an index entry of PostgreSQL ends at 2,704 bytes. */
  indexedBytes: 2_000,
} as const
