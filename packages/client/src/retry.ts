import { HubError, HubUnreachableError } from './errors.ts'

export interface RetryPolicy {
  /** Counting the first; 1 means never again. */
  readonly attempts: number
  /** Doubled from attempt to attempt. */
  readonly baseDelayMs: number
  /** The hub's `retry-after` is honoured up to this; where it asks for more, the error is thrown at once. */
  readonly maxDelayMs: number
}

export const defaultRetry: RetryPolicy = { attempts: 6, baseDelayMs: 250, maxDelayMs: 30_000 }

/** The hub is busy or restarting, or a proxy in front of it says so. */
const passing = new Set([429, 502, 503, 504])

interface Failure {
  /** From 1 on. */
  readonly attempt: number
  readonly error: unknown
  /** From 0 to 1: half of a delay is left to chance, so that many clients don't come back at once. */
  readonly random: number
}

/** How long to wait before the next attempt; null when there shall be none. */
export function retryDelayMs({ attempt, error, random }: Failure, policy: RetryPolicy): number | null {
  if (attempt >= policy.attempts || !mayPass(error)) return null
  const backoffMs = Math.min(policy.baseDelayMs * 2 ** (attempt - 1), policy.maxDelayMs)
  const delayMs = backoffMs * (0.5 + random / 2)
  const askedMs = error instanceof HubError ? (error.retryAfterMs ?? 0) : 0
  return askedMs > policy.maxDelayMs ? null : Math.max(delayMs, askedMs)
}

function mayPass(error: unknown): boolean {
  return error instanceof HubUnreachableError || (error instanceof HubError && passing.has(error.status))
}
