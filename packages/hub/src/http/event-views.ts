import { Type, type Static } from 'typebox'
import { formatDeliveryId } from '../core/ids.ts'
import { closed } from '../core/schema.ts'
import {
  deliveryStatus,
  deliveryStatuses,
  eventStatus,
  eventStatuses,
  waitingFor,
  waits,
  type DeliveryStatus,
  type EventStatus,
  type LaneConditions,
} from '../core/status.ts'
import type { AttemptRecord, ReadDelivery } from '../store/delivery-reading.ts'
import type { DeliveryRecord, EventRecord } from '../store/event-reading.ts'
import type { HubContext } from './context.ts'
import { TimeText } from '../core/time-text.ts'

function orNull<T extends Parameters<typeof Type.Union>[0][number]>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

export const EventStatusText = Type.Enum([...eventStatuses])
export const DeliveryStatusText = Type.Enum([...deliveryStatuses])

const deliveryProperties = {
  deliveryId: Type.String(),
  integration: Type.String(),
  status: DeliveryStatusText,
  waitingFor: orNull(Type.Enum([...waits])),
  attemptCount: Type.Integer({ description: 'Attempts that count against the policy.' }),
  nextAttemptAt: orNull(TimeText),
  lastError: orNull(Type.String({ description: 'Of the last failure, or the note of whoever ended it.' })),
  errorClass: orNull(Type.String({ description: 'By which dead letters are grouped.' })),
  httpStatus: orNull(Type.Integer()),
  replayId: orNull(Type.String()),
  endedAt: orNull(TimeText),
}

export const EventView = closed({
  eventId: Type.String(),
  source: Type.String(),
  type: Type.String(),
  subject: orNull(Type.String()),
  time: Type.String({ description: 'As the sender gave it, else when it was accepted.' }),
  receivedAt: TimeText,
  contentType: orNull(Type.String()),
  size: Type.Integer({ description: 'Bytes of the payload.' }),
  sha256: Type.String({ description: 'Of the payload, in hex.' }),
  correlationId: Type.String(),
  causationId: orNull(Type.String()),
  deliverAt: orNull(TimeText),
  attributes: Type.Record(Type.String(), Type.String(), { description: 'As the sender gave them.' }),
  headers: Type.Record(Type.String(), Type.String(), { description: 'Kept from the request.' }),
  status: EventStatusText,
  deliveries: Type.Array(closed(deliveryProperties)),
})
export type EventView = Static<typeof EventView>

const deliveryWithEvent = {
  ...deliveryProperties,
  eventId: Type.String(),
  source: Type.String(),
  type: Type.String(),
  subject: orNull(Type.String()),
  receivedAt: TimeText,
}

export const DeliveryView = closed(deliveryWithEvent)
export type DeliveryView = Static<typeof DeliveryView>

const AttemptView = closed({
  n: Type.Integer(),
  startedAt: TimeText,
  durationMs: Type.Integer(),
  outcome: Type.String(),
  counted: Type.Boolean(),
  httpStatus: orNull(Type.Integer()),
  errorClass: orNull(Type.String()),
  error: orNull(Type.String()),
  responseBody: orNull(Type.String({ description: 'Its beginning, as text.' })),
})

export const DeliveryDetailView = closed({ ...deliveryWithEvent, attempts: Type.Array(AttemptView) })

type ViewContext = Pick<HubContext, 'lanes' | 'catalog' | 'now'>

export function statusOfDelivery(hub: ViewContext, delivery: DeliveryRecord): DeliveryStatus {
  return deliveryStatus(delivery.place, hub.lanes.isInFlight(delivery))
}

export function statusOfEvent(hub: ViewContext, event: EventRecord): EventStatus {
  return eventStatus(
    event.deliveries.map((delivery) => ({ ...delivery, status: statusOfDelivery(hub, delivery) })),
  )
}

export function viewOfEvent(hub: ViewContext, event: EventRecord): EventView {
  return {
    eventId: event.id,
    source: event.source,
    type: event.type,
    subject: event.subject,
    time: event.attributes['time'] ?? event.receivedAt.toISOString(),
    receivedAt: event.receivedAt.toISOString(),
    contentType: event.contentType,
    size: event.bodyBytes,
    sha256: event.sha256.toString('hex'),
    correlationId: event.correlationId,
    causationId: event.causationId,
    deliverAt: textOrNull(event.deliverAt),
    attributes: { ...event.attributes },
    headers: { ...event.headers },
    status: statusOfEvent(hub, event),
    deliveries: event.deliveries.map((delivery) => viewOfPlaced(hub, delivery)),
  }
}

function viewOfPlaced(hub: ViewContext, delivery: DeliveryRecord): EventView['deliveries'][number] {
  const status = statusOfDelivery(hub, delivery)
  const conditions = conditionsOf(hub, delivery.integrationId)
  return {
    deliveryId: formatDeliveryId(delivery),
    integration: delivery.integration,
    status,
    waitingFor: status === 'PENDING' ? waitingFor(delivery, conditions, hub.now()) : null,
    attemptCount: delivery.counted,
    nextAttemptAt: status === 'PENDING' ? textOrNull(delivery.due) : null,
    lastError: delivery.error,
    errorClass: delivery.errorClass,
    httpStatus: delivery.httpStatus,
    replayId: delivery.replayId === null ? null : String(delivery.replayId),
    endedAt: textOrNull(delivery.endedAt),
  }
}

function conditionsOf(hub: ViewContext, integrationId: number): LaneConditions {
  const state = hub.lanes.state(integrationId)
  return {
    isPaused: hub.catalog.current.integrationById.get(integrationId)?.spec.paused ?? false,
    isCircuitOpen: state !== undefined && state.circuit.phase !== 'closed',
    isRateLimited: state?.rateLimited ?? false,
  }
}

export function viewOfDelivery(hub: ViewContext, { event, delivery }: ReadDelivery): DeliveryView {
  return {
    ...viewOfPlaced(hub, delivery),
    eventId: event.id,
    source: event.source,
    type: event.type,
    subject: event.subject,
    receivedAt: event.receivedAt.toISOString(),
  }
}

export function viewOfAttempt(attempt: AttemptRecord): Static<typeof AttemptView> {
  return {
    n: attempt.n,
    startedAt: attempt.startedAt.toISOString(),
    durationMs: attempt.durationMs,
    outcome: attempt.outcome,
    counted: attempt.counted,
    httpStatus: attempt.httpStatus,
    errorClass: attempt.errorClass,
    error: attempt.error,
    responseBody: attempt.responseBody?.toString() ?? null,
  }
}

function textOrNull(time: Date | null): string | null {
  return time?.toISOString() ?? null
}
