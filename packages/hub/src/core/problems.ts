import type { FieldError } from './schema.ts'

interface Row {
  readonly status: number
  readonly title: string
  /** What to do about it, for the reference; `detail` says it for the single case. */
  readonly remedy: string
}

/**
 * Every error that the hub answers with, each code once, grouped by who must act. A code is never reused for another
 * meaning. What a target's owner must mend is no answer to a request: it is the error class of an attempt
 * (`outcome.ts`).
 */
export const problems = {
  // Whoever sent the request: an emitting system, a client, the console.
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    remedy: 'Mend the fields that `errors` names; each has a path into the part that is wrong.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON',
    remedy: 'Send JSON. If the source is not to insist on it, leave out its `requireJson`.',
  },
  invalid_cloudevent: {
    status: 400,
    title: 'The CloudEvent is malformed',
    remedy: 'Mend the attribute that `detail` names; CloudEvents 1.0 says what each may hold.',
  },
  type_missing: {
    status: 400,
    title: 'No event type was found',
    remedy:
      'Send the type where the source looks for it, as `ce-type` or as `?type=`; or set the `type` of the source.',
  },
  unauthorized: {
    status: 401,
    title: 'No valid key',
    remedy:
      'Send `Authorization: Bearer <key>` with a key that is neither revoked nor expired: `hub keys list`.',
  },
  invalid_signature: {
    status: 401,
    title: 'The signature does not verify',
    remedy:
      "Give sender and source the same secret; let nothing in between change the body; set the sender's clock.",
  },
  forbidden: {
    status: 403,
    title: 'The key may not do this',
    remedy: 'Use a key with the scope that `detail` names, or the key of this source.',
  },
  handshake_refused: {
    status: 403,
    title: 'The handshake was refused',
    remedy: 'Give the sender the token that the source expects in its handshake.',
  },
  not_found: {
    status: 404,
    title: 'There is no such thing',
    remedy: 'Check the address: it may have been deleted, or dropped by retention.',
  },
  unknown_source: {
    status: 404,
    title: 'There is no such source',
    remedy: 'Check the name, or make the source: `hub apply`, or `PUT /v1/sources/{name}`.',
  },
  unknown_integration: {
    status: 404,
    title: 'There is no such integration',
    remedy: 'Check the name, or make the integration: `hub apply`, or `PUT /v1/integrations/{name}`.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The method is not allowed here',
    remedy: 'Use a method that the header `allow` names.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    remedy: 'Send it again; the whole request has to be here within two minutes.',
  },
  conflict: {
    status: 409,
    title: 'The request conflicts with the present state',
    remedy: 'See to what `detail` says stands in the way; then ask again.',
  },
  idempotency_conflict: {
    status: 409,
    title: 'The idempotency key was used with another body',
    remedy:
      'Another event was sent under this key. Give each event a key of its own, and send repetitions byte for byte.',
  },
  precondition_failed: {
    status: 412,
    title: 'The resource has changed meanwhile',
    remedy: 'Read the resource again, and repeat the change with its new `ETag`.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    remedy:
      'Send less, or in parts: `detail` says how much is taken. For events, `HUB_MAX_PAYLOAD_BYTES` and ' +
      '`HUB_MAX_BATCH_BYTES` raise that.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not accepted here',
    remedy: 'Send the content type that `detail` names.',
  },
  unsupported_encoding: {
    status: 415,
    title: 'Encoded bodies are not accepted',
    remedy: 'Send the body as it is, without `content-encoding`: it is kept byte for byte.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    remedy: 'Send fewer or shorter headers.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Send it again after `retry-after`; or raise the `rateLimit` of the source.',
  },

  // Whoever operates the hub: by another action, or by giving it what it lacks.
  has_backlog: {
    status: 409,
    title: 'Deliveries are still waiting',
    remedy: 'Let it arrive, or cancel it with `?backlog=cancel`.',
  },
  in_flight: {
    status: 409,
    title: 'The delivery is in flight',
    remedy: 'Ask again in a moment, when the attempt is over.',
  },
  already_ended: {
    status: 409,
    title: 'It has already ended',
    remedy: 'Nothing: it has been delivered, cancelled or resolved before.',
  },
  overloaded: {
    status: 503,
    title: 'The hub has too much in hand',
    remedy: 'Send it again after `retry-after`. If it lasts, see what the database waits for: `hub doctor`.',
  },
  store_unavailable: {
    status: 503,
    title: 'The store cannot commit now',
    remedy:
      'Send it again after `retry-after`, under the same key: it may be stored. See to the database: `hub doctor`.',
  },
  disk_full: {
    status: 503,
    title: 'The disk is nearly full',
    remedy:
      'Make room on the disk of the data directory, or lower `HUB_RETENTION_DAYS` or `HUB_RETENTION_BYTES`.',
  },
  stopping: {
    status: 503,
    title: 'The hub is stopping',
    remedy: 'Send it again after `retry-after`: it starts again, or another node answers.',
  },

  // Us.
  internal: {
    status: 500,
    title: 'The hub made a mistake',
    remedy: 'Look into the log for the line of this request, and report it.',
  },
} as const satisfies Readonly<Record<string, Row>>

export type ProblemCode = keyof typeof problems

export interface ProblemExtras {
  readonly errors?: readonly FieldError[]
  readonly retryAfterSeconds?: number
  /** How to prove who sends, as `www-authenticate` says it. What is `unauthorized` without one wants a key. */
  readonly challenge?: string
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
  readonly challenge: string | undefined

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.code = code
    this.status = problems[code].status
    this.detail = detail
    this.errors = extras.errors
    this.retryAfterSeconds = extras.retryAfterSeconds
    this.challenge = extras.challenge ?? (code === 'unauthorized' ? 'Bearer' : undefined)
  }

  toJSON(): ProblemBody {
    const { title, status } = problems[this.code]
    const body = { title, status, code: this.code, detail: this.detail }
    return this.errors ? { ...body, errors: this.errors } : body
  }
}

export const problemCodes = Object.keys(problems) as readonly ProblemCode[]

/** The problem of a request of which parts are wrong; `where` is the part that the paths begin in. */
export function invalidRequest(where: 'body' | 'query' | 'path', errors: readonly FieldError[]): Problem {
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more, see errors)` : ''
  const found = first ? `: ${first.path} ${first.message}`.replace(':  ', ': it ') : ''
  return new Problem('invalid_request', `The ${where} is not valid${found}${more}.`, { errors })
}
