import type { FieldError } from './schema.ts'

interface Row {
  readonly status: number
  readonly title: string
}

/**
 * Every error that the hub answers with, each code once, grouped by who must act. A code is never reused for another
 * meaning. What a target's owner must mend is no answer to a request: it is the error class of an attempt
 * (`outcome.ts`).
 */
const table = {
  // Whoever sent the request: an emitting system, a client, the console.
  invalid_request: { status: 400, title: 'The request is not valid' },
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_cloudevent: { status: 400, title: 'The CloudEvent is malformed' },
  type_missing: { status: 400, title: 'No event type was found' },
  unauthorized: { status: 401, title: 'No valid key' },
  invalid_signature: { status: 401, title: 'The signature does not verify' },
  forbidden: { status: 403, title: 'The key may not do this' },
  handshake_refused: { status: 403, title: 'The handshake was refused' },
  not_found: { status: 404, title: 'There is no such thing' },
  unknown_source: { status: 404, title: 'There is no such source' },
  unknown_integration: { status: 404, title: 'There is no such integration' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'The request conflicts with the present state' },
  idempotency_conflict: { status: 409, title: 'The idempotency key was used with another body' },
  precondition_failed: { status: 412, title: 'The resource has changed meanwhile' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not accepted here' },
  unsupported_encoding: { status: 415, title: 'Encoded bodies are not accepted' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  rate_limited: { status: 429, title: 'Too many requests' },

  // Whoever operates the hub: by another action, or by giving it what it lacks.
  has_backlog: { status: 409, title: 'Deliveries are still waiting' },
  in_flight: { status: 409, title: 'The delivery is in flight' },
  already_ended: { status: 409, title: 'It has already ended' },
  overloaded: { status: 503, title: 'The hub has too much in hand' },
  store_unavailable: { status: 503, title: 'The store cannot commit now' },
  disk_full: { status: 503, title: 'The disk is nearly full' },
  stopping: { status: 503, title: 'The hub is stopping' },

  // Us.
  internal: { status: 500, title: 'The hub made a mistake' },
} as const satisfies Readonly<Record<string, Row>>

export type ProblemCode = keyof typeof table

export interface ProblemExtras {
  readonly errors?: readonly FieldError[]
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/** The body of an `application/problem+json` answer (RFC 9457). */
export interface ProblemBody {
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string
  readonly errors?: readonly FieldError[]
}

/** An error with an answer: `detail` says what is wrong and what to do, and never holds a secret. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  readonly detail: string
  readonly errors: readonly FieldError[] | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.code = code
    this.status = table[code].status
    this.detail = detail
    this.errors = extras.errors
    this.retryAfterSeconds = extras.retryAfterSeconds
  }

  toJSON(): ProblemBody {
    const { title, status } = table[this.code]
    const body = { title, status, code: this.code, detail: this.detail }
    return this.errors ? { ...body, errors: this.errors } : body
  }
}

export const problemCodes = Object.keys(table) as readonly ProblemCode[]

/** The problem of a request of which parts are wrong; `where` is the part that the paths begin in. */
export function invalidRequest(where: 'body' | 'query' | 'path', errors: readonly FieldError[]): Problem {
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more, see errors)` : ''
  const found = first ? `: ${first.path} ${first.message}`.replace(':  ', ': it ') : ''
  return new Problem('invalid_request', `The ${where} is not valid${found}${more}.`, { errors })
}
