/** Why an attempt did not deliver, for grouping dead letters. Never renamed: stored. */
export type ErrorClass =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'dns'
  | 'tls'
  | 'protocol'
  | 'address'
  | 'status'
  | 'rate_limited'
  | 'rejected'
  | 'contract'
  | 'misconfigured'
  | 'aborted'
  | 'expired'
  | 'internal'

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
