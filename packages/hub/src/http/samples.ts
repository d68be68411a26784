import { randomBytes } from 'node:crypto'
import { Type, type Static } from 'typebox'
import type { StoredEvent } from '../core/event.ts'
import { createEventId } from '../core/ids.ts'
import { Name, reservedSourceName } from '../core/names.ts'
import { closed } from '../core/schema.ts'

const sampleParts = {
  source: Type.Union([Name, Type.Literal(reservedSourceName)], { default: reservedSourceName }),
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
  attributes: Type.Record(Type.String({ pattern: '^[a-z0-9]+$' }), Type.String(), {
    default: {},
    description: 'Further CloudEvents attributes.',
  }),
  data: Type.Unknown({ description: 'The payload, as JSON.' }),
}

const eventType = { minLength: 1, maxLength: 500 }

/** An event to ask about. */
export const MatchSample = closed({
  ...sampleParts,
  type: Type.String(eventType),
  data: Type.Optional(sampleParts.data),
})

/** An event to send for a try. */
export const TestSample = closed(
  {
    ...sampleParts,
    type: Type.String({ ...eventType, default: 'hub.test' }),
    data: Type.Optional(sampleParts.data),
  },
  { default: {} },
)

const testData = { message: 'This is a test from Integration Hub.' }

export function eventOfSample(sample: Static<typeof MatchSample>, now: Date): StoredEvent {
  const id = createEventId(now.getTime(), randomBytes(10))
  const { subject, correlationid } = sample.attributes
  return {
    id,
    seq: 0,
    sourceId: 0,
    sourceName: sample.source,
    type: sample.type,
    subject: sample.subject ?? subject ?? null,
    attributes: sample.attributes,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(sample.data ?? testData)),
    headers: {},
    correlationId: correlationid || id,
    receivedAt: now,
  }
}
