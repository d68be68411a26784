/** Why an attempt did not deliver, for grouping dead letters, and what that means. Never renamed: stored. */
export const errorClasses = {
  refused: 'Nothing listens at that address, or there is no way to it. Is the target up, and the port right?',
  reset: 'The connection broke before an answer came. Is something in between cutting it, such as a proxy?',
  timeout:
    'No answer within `timeoutMs`. It may have worked all the same: the receiver tells by `webhook-id`.',
  dns: 'The name of the target could not be resolved. Is it spelled right?',
  tls: 'The TLS handshake failed. Look at the certificate, `tls.ca`, `tls.servername` and `auth` of kind `mtls`.',
  protocol: 'What came back is not HTTP, or more than the hub is ready to read.',
  address: 'The target lies in a network that it may not lie in: `HUB_TARGETS_ALLOW`, `HUB_TARGETS_DENY`.',
  status: 'The target answered with a status that is neither `success` nor `permanent`, such as 500 or 404.',
  rate_limited:
    'The target answered 429. The hub slows down by itself; a `rateLimit` keeps it from coming to that.',
  rejected:
    'The target answered with a status of `permanent`: it will never take this event. Mended there, replay it.',
  contract: 'The request breaks the OpenAPI contract of the target, and was not sent.',
  misconfigured:
    'The request could not be made: the event lacks what `url` names, or a setting fits no longer.',
  aborted:
    'The hub itself cut it off, when it was stopped or lost its lease. It is tried again and not counted.',
  expired: 'It waited longer than `expireAfterDays`, or behind an open circuit longer than `giveUpAfterMs`.',
  internal: 'The hub made a mistake. Look into the log, and report it.',
} as const satisfies Readonly<Record<string, string>>

export type ErrorClass = keyof typeof errorClasses

/**
 * What one try at a target came to.
 * - `delivered`: the target took it.
 * - `permanent`: the target answered that it will never take it, or its contract says so.
 * - `failed`: anything that another try may mend.
 * - `aborted`: we cut it off ourselves (a stop, a lost lease); not counted, may be a duplicate.
 */
export interface Outcome {
  readonly result: 'delivered' | 'permanent' | 'failed' | 'aborted'
  readonly httpStatus: number | null
  readonly errorClass: ErrorClass | null
  /** One sentence for people, without secrets. */
  readonly error: string | null
  /** The bounded beginning of the answer's body. */
  readonly responseBody: Buffer | null
  /** What the target asked for by `retry-after`. */
  readonly retryAfterMs: number | null
  readonly startedAt: Date
  readonly durationMs: number
}
