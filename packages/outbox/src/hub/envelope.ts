import type { OutgoingEvent, WebhookEvent } from '@integration-hub/client'
import type { DomainEvent, NewEvent } from '../core/event.ts'

/** What an event of the outbox has and CloudEvents have no attribute for travels in these extensions. */
const extensions = {
  sourceModule: 'sourcemodule',
  aggregateType: 'aggregatetype',
  aggregateId: 'aggregateid',
  schemaVersion: 'schemaversion',
} as const

/** Where an event that came from the hub says so, in its metadata. */
const origin = 'hub'

/** The event as the hub gets it: its id is the one of the outbox, so that it is stored once however often it is sent. */
export function toCloudEvent(event: DomainEvent, source: string): OutgoingEvent {
  return {
    id: event.id,
    source,
    type: event.eventName,
    subject: event.aggregateId,
    time: event.timestamp,
    correlationId: event.correlationId,
    ...(event.causationId !== null && { causationId: event.causationId }),
    data: event.payload as unknown,
    extensions: {
      [extensions.sourceModule]: event.sourceModule,
      [extensions.aggregateType]: event.aggregateType,
      [extensions.aggregateId]: event.aggregateId,
      [extensions.schemaVersion]: event.schemaVersion,
    },
  }
}

/** The event as handlers get it. What its sender did not say is taken from what every event has. */
export function fromWebhook(event: WebhookEvent): NewEvent {
  const { attributes } = event
  const version = Number(attributes[extensions.schemaVersion])
  const time = new Date(event.time ?? Number.NaN)
  return {
    eventId: event.id,
    eventName: event.type ?? '',
    sourceModule: attributes[extensions.sourceModule] ?? event.source ?? 'hub',
    aggregateType: attributes[extensions.aggregateType] ?? 'HubEvent',
    aggregateId: attributes[extensions.aggregateId] ?? event.subject ?? event.id,
    payload: payloadOf(event.data),
    metadata: {
      [origin]: {
        source: event.source,
        contentType: event.contentType,
        attributes,
        replayId: event.replayId,
      },
    },
    correlationId: event.correlationId ?? undefined,
    causationId: attributes['causationid'],
    schemaVersion: Number.isInteger(version) && version >= 1 ? version : 1,
    timestamp: Number.isNaN(time.getTime()) ? event.timestamp : time,
  }
}

export function isFromHub({ metadata }: DomainEvent): boolean {
  return origin in metadata
}

/** The outbox keeps JSON: bytes that are none are kept as base64. */
function payloadOf(data: unknown): unknown {
  if (data === undefined) return {}
  return data instanceof Uint8Array ? { base64: Buffer.from(data).toString('base64') } : data
}
