import type { CircuitPolicy } from './integration-spec.ts'
import { isDown, neverLeft } from './retry.ts'
import type { Outcome } from './outcome.ts'

/**
 * The state machine of one integration's circuit:
 *
 *   closed ── failures in a row over distinct deliveries, the failure rate, or a time of unavailability ──► open
 *   open ── its time is over, or nothing forces it ──► half-open (one probe in flight)
 *   half-open ── the probe found the target alive ──► closed
 *   half-open ── it did not ──► open, twice as long
 *
 * A person may force it open (no probes) or closed.
 */
export interface Circuit {
  readonly phase: 'closed' | 'open' | 'half-open'
  readonly forced: boolean
  readonly reason: string | null
  readonly sinceMs: number
  readonly openMs: number
  /** When the next probe may go out; only while open. */
  readonly probeAtMs: number | null
  /** The deliveries that failed in a row, each once. */
  readonly failedInRow: ReadonlySet<number>
  readonly window: Window
  /** Since when nothing but signs of an outage came back. */
  readonly downSinceMs: number | null
}

/** Outcomes of late, in two halves so that the older can be forgotten at once. */
interface Window {
  readonly startedMs: number
  readonly current: Tally
  readonly previous: Tally
}

interface Tally {
  readonly all: number
  readonly bad: number
}

const noTally: Tally = { all: 0, bad: 0 }

export function closedCircuit(nowMs: number): Circuit {
  return {
    phase: 'closed',
    forced: false,
    reason: null,
    sinceMs: nowMs,
    openMs: 0,
    probeAtMs: null,
    failedInRow: new Set(),
    window: { startedMs: nowMs, current: noTally, previous: noTally },
    downSinceMs: null,
  }
}

/** A circuit as it was kept over a restart, or by another node. One that the policy has no more is closed. */
export function restoredCircuit(
  kept: Pick<Circuit, 'forced' | 'reason' | 'sinceMs' | 'openMs' | 'probeAtMs'> & {
    phase: 'closed' | 'open'
  },
  policy: CircuitPolicy,
  nowMs: number,
): Circuit {
  const closed = closedCircuit(nowMs)
  if (!policy.enabled && !kept.forced) return closed
  const { phase, forced, reason, sinceMs, openMs, probeAtMs } = kept
  return { ...closed, phase, forced, reason, sinceMs, openMs, probeAtMs }
}

/** What an outcome says of the target's health; null: nothing. */
export function healthOf(outcome: Outcome): 'alive' | 'bad' | null {
  if (outcome.result === 'aborted' || neverLeft(outcome)) return null
  if (outcome.result === 'delivered' || outcome.result === 'permanent') return 'alive'
  return outcome.httpStatus === 429 ? null : 'bad'
}

/** An attempt that went out while the circuit was closed. */
export function afterAttempt(
  circuit: Circuit,
  policy: CircuitPolicy,
  outcome: Outcome,
  seq: number,
  nowMs: number,
): Circuit {
  const health = healthOf(outcome)
  // Late answers to what was sent before it opened say nothing about now: only a probe does.
  if (health === null || circuit.phase !== 'closed' || !policy.enabled) return circuit
  if (health === 'alive') {
    if (policy.failureRate === undefined && circuit.failedInRow.size === 0) return circuit
    const window = tally(circuit.window, policy, false, nowMs)
    return { ...circuit, failedInRow: new Set(), window, downSinceMs: null }
  }
  const next: Circuit = {
    ...circuit,
    failedInRow: new Set(circuit.failedInRow).add(seq),
    window: tally(circuit.window, policy, true, nowMs),
    downSinceMs: isDown(outcome) ? (circuit.downSinceMs ?? nowMs) : null,
  }
  const reason = whyOpen(next, policy, outcome, nowMs)
  return reason === null ? next : open(next, atLeastAsked(policy.openMs, policy, outcome), reason, nowMs)
}

function whyOpen(
  { failedInRow, window, downSinceMs }: Circuit,
  policy: CircuitPolicy,
  outcome: Outcome,
  nowMs: number,
): string | null {
  if (failedInRow.size >= policy.failures)
    return `${failedInRow.size} deliveries in a row failed, the last with: ${outcome.error}`
  const { all, bad } = failureRate(window)
  const { failureRate: worst, unavailableMs } = policy
  if (worst !== undefined && all >= policy.failures && bad / all >= worst)
    return `${bad} of the last ${all} attempts failed`
  const downMs = downSinceMs === null ? 0 : nowMs - downSinceMs
  if (unavailableMs !== undefined && downSinceMs !== null && downMs >= unavailableMs)
    return `the target was unavailable for ${downMs} ms, the last attempt got: ${outcome.error}`
  return null
}

export function mayProbe({ phase, probeAtMs, openMs }: Circuit, nowMs: number): boolean {
  if (phase !== 'open' || probeAtMs === null) return false
  // Further away than it was ever put: the clock went back.
  const isAhead = probeAtMs - nowMs > Math.max(openMs, 1_000)
  return nowMs >= probeAtMs || isAhead
}

export function probeSent(circuit: Circuit): Circuit {
  return { ...circuit, phase: 'half-open' }
}

export function afterProbe(
  circuit: Circuit,
  policy: CircuitPolicy,
  outcome: Outcome,
  nowMs: number,
): Circuit {
  if (circuit.phase !== 'half-open') return circuit
  if (outcome.result === 'aborted' || neverLeft(outcome)) return probeReturned(circuit, nowMs)
  if (healthOf(outcome) === 'alive') return closedCircuit(nowMs)
  const openMs = Math.min(circuit.openMs * 2, longestMs(policy))
  const found = isDown(outcome) ? 'is still down' : 'still fails'
  const reason = `the target ${found}, the last probe got: ${outcome.error}`
  return open(circuit, atLeastAsked(openMs, policy, outcome), reason, nowMs)
}

/** A target that says when to come back (`retry-after`) is not asked before, as far as the policy lets it. */
function atLeastAsked(openMs: number, policy: CircuitPolicy, { retryAfterMs }: Outcome): number {
  return Math.max(openMs, Math.min(retryAfterMs ?? 0, longestMs(policy)))
}

function longestMs({ openMs, maxOpenMs }: CircuitPolicy): number {
  return Math.max(openMs, maxOpenMs)
}

/** The probe could not go out after all: nothing waits, or it was cut off. */
export function probeReturned(circuit: Circuit, nowMs: number): Circuit {
  return circuit.phase === 'half-open' ? { ...circuit, phase: 'open', probeAtMs: nowMs } : circuit
}

export function forcedCircuit(state: 'open' | 'closed', nowMs: number): Circuit {
  const closed = closedCircuit(nowMs)
  return state === 'closed'
    ? closed
    : { ...closed, phase: 'open', forced: true, reason: 'opened by a person' }
}

function open(circuit: Circuit, openMs: number, reason: string, nowMs: number): Circuit {
  const sinceMs = circuit.phase === 'closed' ? nowMs : circuit.sinceMs
  return { ...closedCircuit(nowMs), phase: 'open', reason, sinceMs, openMs, probeAtMs: nowMs + openMs }
}

function tally(window: Window, policy: CircuitPolicy, bad: boolean, nowMs: number): Window {
  const halfMs = policy.windowMs / 2
  const elapsedMs = nowMs - window.startedMs
  const rolled =
    elapsedMs < halfMs
      ? window
      : {
          startedMs: nowMs,
          current: noTally,
          previous: elapsedMs < policy.windowMs ? window.current : noTally,
        }
  const { all, bad: failed } = rolled.current
  return { ...rolled, current: { all: all + 1, bad: failed + (bad ? 1 : 0) } }
}

function failureRate(window: Window): Tally {
  return { all: window.current.all + window.previous.all, bad: window.current.bad + window.previous.bad }
}
