import type { Integration } from '../core/catalog.ts'
import type { Circuit } from '../core/circuit.ts'
import { eventTime } from '../core/ids.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Verdict } from '../core/retry.ts'
import type { Ended } from '../store/attempts.ts'
import type { Happenings, WatchedDelivery } from './telemetry.ts'
import type { Work } from './window.ts'

function watched(integration: string, { delivery, event }: Work): WatchedDelivery {
  const { integrationId, seq, eventId } = delivery
  return { integrationId, integration, seq, eventId, type: event?.type ?? '' }
}

export function attemptHappening(
  integration: string,
  work: Work,
  outcome: Outcome,
  verdict: Verdict,
): Happenings['attempt'] {
  return {
    ...watched(integration, work),
    n: work.delivery.attempts + 1,
    result: outcome.result,
    httpStatus: outcome.httpStatus,
    errorClass: outcome.errorClass,
    error: outcome.error,
    durationMs: outcome.durationMs,
    nextDue: verdict.next === 'retry' ? new Date(verdict.dueMs) : null,
  }
}

export function endedHappening(
  integration: string,
  work: Work,
  outcome: Outcome,
  ended: Ended,
): Happenings['ended'] {
  const { attempts, restartedAt, eventId } = work.delivery
  return {
    ...watched(integration, work),
    ended,
    attempts: attempts + 1,
    errorClass: outcome.errorClass,
    error: outcome.error,
    tookMs: Date.now() - (restartedAt ?? eventTime(eventId)).getTime(),
  }
}

export function circuitHappening(integration: Integration, circuit: Circuit): Happenings['circuit'] {
  return {
    integrationId: integration.id,
    integration: integration.name,
    state: circuit.phase,
    forced: circuit.forced,
    reason: circuit.reason,
    nextProbeAt: circuit.probeAtMs === null ? null : new Date(circuit.probeAtMs),
  }
}
