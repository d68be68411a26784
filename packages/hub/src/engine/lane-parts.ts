import { isDeepStrictEqual } from 'node:util'
import type { Integration } from '../core/catalog.ts'
import type { OwnedDelivery } from '../core/delivery.ts'
import type { StoredEvent } from '../core/event.ts'
import { formatDeliveryId } from '../core/ids.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Delivery } from '../targets/target.ts'

export function sameRate(a: Integration, b: Integration): boolean {
  return isDeepStrictEqual(a.spec.rateLimit, b.spec.rateLimit)
}

/** Whether a target made for one serves the other: it also holds the name, the secrets and the connections. */
export function sameTarget(a: Integration, b: Integration): boolean {
  return (
    isDeepStrictEqual(a.spec.target, b.spec.target) &&
    isDeepStrictEqual(a.signing, b.signing) &&
    a.spec.concurrency === b.spec.concurrency
  )
}

export function toDelivery(delivery: OwnedDelivery, event: StoredEvent): Delivery {
  return {
    deliveryId: formatDeliveryId(delivery),
    integrationId: delivery.integrationId,
    event,
    attempt: delivery.attempts + 1,
    replayId: delivery.replayId === null ? null : String(delivery.replayId),
  }
}

/** What stands for an outcome when there was none. */
export function noOutcome(error: string): Outcome {
  return {
    result: 'failed',
    httpStatus: null,
    errorClass: 'internal',
    error,
    responseBody: null,
    retryAfterMs: null,
    startedAt: new Date(),
    durationMs: 0,
  }
}
