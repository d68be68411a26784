import type { Integration } from '../core/catalog.ts'
import type { Outcome } from '../core/outcome.ts'
import { misconfigured, stopped, unusableTarget } from './not-sent.ts'
import { planRequests, type RequestSpec } from './request.ts'
import type { Delivery, Exchange, ObservableTarget, TargetDeps } from './target.ts'

/** What an HTTP target with nothing but a URL would send. */
const plainRequest: RequestSpec = {
  url: 'http://inspect.invalid/',
  method: 'POST',
  headers: {},
  envelope: 'headers',
  auth: { kind: 'none' },
}

/** Takes everything and keeps the last requests in memory, made just as those of the HTTP target. */
export function createInspectTarget(integration: Integration, deps: TargetDeps): ObservableTarget {
  const planned = planRequests(plainRequest, integration.signing, deps.version)
  if (!planned.ok) return unusableTarget(planned.message, deps.now)
  const plan = planned.value
  let closed = false

  function take(delivery: Delivery, signal: AbortSignal): Exchange {
    const startedAt = deps.now()
    if (closed || signal.aborted) return { request: null, outcome: stopped(startedAt) }
    const request = plan.build(delivery, startedAt)
    if (!request.ok) return { request: null, outcome: misconfigured(request.message, startedAt) }
    const shown = plan.show(request.value)
    deps.inspector.record({
      ...shown,
      receivedAt: startedAt,
      integration: integration.name,
      deliveryId: delivery.deliveryId,
      eventId: delivery.event.id,
      body: Buffer.from(request.value.body),
    })
    return { request: shown, outcome: taken(startedAt) }
  }

  return {
    batch: 1,
    deliver: (deliveries, signal) =>
      Promise.resolve(deliveries.map((delivery) => take(delivery, signal).outcome)),
    exchange: (delivery, signal) => Promise.resolve(take(delivery, signal)),
    close() {
      closed = true
      return Promise.resolve()
    },
  }
}

function taken(startedAt: Date): Outcome {
  return {
    result: 'delivered',
    httpStatus: null,
    errorClass: null,
    error: null,
    responseBody: null,
    retryAfterMs: null,
    startedAt,
    durationMs: 0,
  }
}
