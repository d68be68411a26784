/** Every error that this library throws on purpose, each code once and never reused for another meaning. */
export type OutboxErrorCode =
  // The caller: an argument is wrong; `field` names it, and nothing was written.
  | 'invalid_event'
  | 'invalid_subscription'
  | 'overlapping_subscription'
  | 'invalid_link'
  | 'invalid_argument'
  | 'transaction_required'
  // Whoever configures the application.
  | 'invalid_option'
  | 'unknown_setting'
  | 'invalid_setting'
  // Whoever deploys it.
  | 'not_migrated'
  | 'newer_schema'
  // What was asked for is not there.
  | 'unknown_consumer'

export class OutboxError extends Error {
  override readonly name = 'OutboxError'
  readonly code: OutboxErrorCode
  /** The field, option or setting that is wrong, such as `aggregateId` or `payload.items[2].price`. */
  readonly field: string | undefined

  constructor(code: OutboxErrorCode, message: string, field?: string) {
    super(message)
    this.code = code
    this.field = field
  }
}

const permanent = Symbol.for('@integration-hub/outbox PermanentError')

/** Thrown by a handler that knows that trying again can't help: the event goes to the dead letters at once. */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError'
  readonly [permanent] = true
}

/** By its mark and not by its class, of which an application that loads both ESM and CommonJS has two. */
export function isPermanent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && permanent in error
}

const retryLater = Symbol.for('@integration-hub/outbox RetryLaterError')

/**
 * Thrown by a handler that can't do its work now through no fault of the event, as while another system is away: the
 * event waits and is tried again, as often as it takes, and no attempt is counted.
 */
export class RetryLaterError extends Error {
  override readonly name: string = 'RetryLaterError'
  readonly delayMs: number
  readonly [retryLater] = true

  constructor(message: string, { delayMs = 10_000, ...options }: ErrorOptions & { delayMs?: number } = {}) {
    super(message, options)
    this.delayMs = delayMs
  }
}

/** For how long a handler asks to wait; null for every other error. */
export function retryLaterMs(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !(retryLater in error)) return null
  const { delayMs } = error as RetryLaterError
  return typeof delayMs === 'number' && delayMs >= 0 ? delayMs : 0
}

/** What is kept of an error with the row: its stack, which begins with its message. */
export function describeError(error: unknown): string {
  return storableText(error instanceof Error ? (error.stack ?? error.message) : String(error))
}

const maxTextCharacters = 4_000

/** A text of any origin, cut and made fit for PostgreSQL, which takes neither U+0000 nor half a surrogate pair. */
export function storableText(text: string): string {
  return text
    .slice(0, maxTextCharacters)
    .replaceAll('\0', '\\0')
    .replaceAll(/\p{Surrogate}/gu, '\ufffd')
}
