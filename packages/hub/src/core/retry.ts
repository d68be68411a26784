import type { OwnedDelivery } from './delivery.ts'
import { eventTime } from './ids.ts'
import type { IntegrationSpec } from './integration-spec.ts'
import type { ErrorClass, Outcome } from './outcome.ts'

/** What the queue row of a delivery says of its past. */
export type Tried = Pick<OwnedDelivery, 'eventId' | 'restartedAt' | 'counted' | 'forgiven'>

export type Verdict =
  | { readonly next: 'end'; readonly ended: 'delivered' | 'dead' | 'manual'; readonly counts: boolean }
  /** Counted from the end of the attempt: a clock may be put forward or back before it is written down. */
  | { readonly next: 'retry'; readonly inMs: number; readonly counts: boolean }

/** A target that gives one of these to a probe, or nothing, is still down: that is no attempt of the event's. */
const downStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * What follows from an attempt. `random` is in [0, 1). The next try is never later than the end of the policy's
 * time: what could only be tried after it ends now.
 */
export function decideNext(
  outcome: Outcome,
  tried: Tried,
  policy: Pick<IntegrationSpec, 'retry' | 'onExhausted'>,
  asProbe: boolean,
  nowMs: number,
  random: number,
): Verdict {
  if (outcome.result === 'delivered') return { next: 'end', ended: 'delivered', counts: true }
  if (outcome.result === 'aborted') return { next: 'retry', inMs: 0, counts: false }
  if (outcome.result === 'permanent') return { next: 'end', ended: 'dead', counts: true }

  const counts = !(asProbe && isDown(outcome))
  const spent = tried.counted - tried.forgiven + (counts ? 1 : 0)
  const since = tried.restartedAt ?? eventTime(tried.eventId)
  const leftMs = since.getTime() + policy.retry.giveUpAfterMs - nowMs
  const inMs = counts ? nextInMs(outcome, policy.retry, spent, leftMs, random) : 0
  // What a probe found down ends by time only: a policy that was tightened meanwhile must not let an outage end it.
  const isSpent = counts && spent >= policy.retry.maxAttempts
  if (isSpent || inMs > leftMs) {
    return { next: 'end', ended: policy.onExhausted, counts }
  }
  return { next: 'retry', inMs, counts }
}

export function isDown(outcome: Outcome): boolean {
  if (neverLeft(outcome)) return false
  return outcome.httpStatus === null || downStatuses.has(outcome.httpStatus)
}

/** No request was made of it, or none that the contract allows: the event's fault or ours, not the target's. */
export function neverLeft(outcome: Outcome): boolean {
  return outcome.errorClass === 'misconfigured' || outcome.errorClass === 'contract'
}

function nextInMs(
  outcome: Outcome,
  policy: IntegrationSpec['retry'],
  spent: number,
  leftMs: number,
  random: number,
): number {
  const delayMs = policy.delaysMs[Math.min(spent, policy.delaysMs.length) - 1] ?? 0
  const jittered = delayMs * (1 + policy.jitter * (2 * random - 1))
  // A target may ask for any time; it gets what the policy has left.
  const asked = Math.min(outcome.retryAfterMs ?? 0, Math.max(0, leftMs))
  return Math.round(Math.max(jittered, asked))
}

/** How a dead letter is grouped when its last outcome named no class. */
export function deadClass(outcome: Outcome): ErrorClass {
  return outcome.errorClass ?? 'internal'
}

/** The error with what varies from event to event taken out, so that equal causes read the same. */
export function groupMessage(error: string): string {
  return error
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<id>')
    .replace(/\b[0-9a-f]{16,}\b/gi, '<hex>')
    .replace(/\b\d{4,}\b/g, '<n>')
    .slice(0, 300)
}
