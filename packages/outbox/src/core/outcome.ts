import { backoffMs, maxDelayMs } from './backoff.ts'

/** The states of an event for one consumer; drawn in ARCHITECTURE.md. */
export const states = ['received', 'processing', 'processed', 'failed', 'skipped', 'dead'] as const
export type State = (typeof states)[number]

/** How a handler ended. */
export type Outcome =
  | { readonly kind: 'processed' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: string; readonly isPermanent: boolean }
  /** It was not tried, or was cut off by a stop: its turn comes again, and nothing is counted. */
  | { readonly kind: 'released' }
  /** It can't be done now, through no fault of its own: its turn comes later, and nothing is counted. */
  | { readonly kind: 'postponed'; readonly delayMs: number; readonly error: string | null }

export interface RetryPolicy {
  readonly maxAttempts: number
  readonly baseDelayMs: number
  readonly isDeadLetterEnabled: boolean
}

/** What is written on the row. */
export interface Mark {
  readonly state: State
  /** After how long it may be claimed again; null: never, it has ended. */
  readonly delayMs: number | null
  readonly attempted: 0 | 1
  readonly error: string | null
  readonly skipReason: string | null
}

const ended: Mark = { state: 'processed', delayMs: null, attempted: 1, error: null, skipReason: null }

/** Another event with its business key is being handled: how soon it looks again whether that has ended. */
const lookAgainMs = 1_000
export const behindItsKey: Outcome = { kind: 'postponed', delayMs: lookAgainMs, error: null }

export function decide(outcome: Outcome, earlierAttempts: number, policy: RetryPolicy, random: number): Mark {
  switch (outcome.kind) {
    case 'processed':
      return ended
    case 'skipped':
      return { ...ended, state: 'skipped', skipReason: outcome.reason }
    case 'released':
      return waiting(earlierAttempts, 0, null)
    case 'postponed':
      return waiting(earlierAttempts, Math.min(outcome.delayMs, maxDelayMs), outcome.error)
    case 'failed': {
      const failed: Mark = { ...ended, state: 'failed', error: outcome.error }
      if (!outcome.isPermanent && earlierAttempts + 1 < policy.maxAttempts)
        return { ...failed, delayMs: backoffMs(policy.baseDelayMs, earlierAttempts, random) }
      return policy.isDeadLetterEnabled ? { ...failed, state: 'dead' } : failed
    }
  }
}

/** A row whose process died this often while holding it, though its handler never failed, is taken to be the cause. */
export const maxInterruptions = 20

/** As it was before this try. */
function waiting(earlierAttempts: number, delayMs: number, error: string | null): Mark {
  return { ...ended, state: earlierAttempts === 0 ? 'received' : 'failed', delayMs, attempted: 0, error }
}
