import { Type } from 'typebox'
import { closed } from '../../core/schema.ts'
import { describedOnly } from '../openapi-schemas.ts'

const tags = ['events in']

const EventId = Type.String({ format: 'uuid' })
const Accepted = closed({ eventId: EventId, deliveries: Type.Integer({ minimum: 0 }) })
const Duplicate = closed({ eventId: EventId, duplicate: Type.Literal(true) })
const Batch = closed({ events: Type.Array(Type.Union([Accepted, Duplicate])) })

const body = describedOnly(
  Type.Unknown({ description: 'Any bytes of any content type: the payload, kept as it is, or CloudEvents.' }),
)

const duplicate = { ...Duplicate, description: 'The same idempotency key with the same body came before.' }

export const eventsSchema = {
  tags,
  summary: 'Send an event or a batch of events',
  description:
    'CloudEvents 1.0 in binary, structured or batch mode, or any body with `?type=`. A 202 means: committed to disk. ' +
    'A batch is accepted whole or not at all.',
  querystring: describedOnly(
    Type.Object({
      source: Type.Optional(
        Type.String({
          description: 'Whose event it is. A source key knows; else the CloudEvents `source` may say.',
        }),
      ),
      type: Type.Optional(Type.String({ description: 'The type of an event without CloudEvents headers.' })),
    }),
  ),
  headers: describedOnly(
    Type.Object({
      'idempotency-key': Type.Optional(
        Type.String({ description: 'Else the CloudEvents `source` and `id` together. Not on a batch.' }),
      ),
    }),
  ),
  consumes: ['application/cloudevents+json', 'application/cloudevents-batch+json', '*/*'],
  body,
  response: { 202: Type.Union([Accepted, Batch]), 200: duplicate },
}

const params = closed({ source: Type.String({ description: 'The name of the source.' }) })

export const webhookSchema = {
  tags,
  summary: 'Take a webhook in its sender’s own format',
  description:
    'The body is the payload. The source says how it is verified, where its type and keys are found and what is ' +
    'answered. A source that verifies needs its signature; any other a source key, unless it is `public`.',
  params,
  querystring: describedOnly(
    Type.Object({
      type: Type.Optional(Type.String({ description: 'The type, if the source does not say where it is.' })),
      key: Type.Optional(
        Type.String({
          format: 'password',
          description: 'A source key, for senders that cannot set headers.',
        }),
      ),
    }),
  ),
  consumes: ['*/*'],
  security: [{ key: [] }, { keyInQuery: [] }, {}],
  body,
  response: { 202: Accepted, 200: duplicate },
}

export const handshakeSchema = {
  tags,
  summary: 'Answer a sender that asks whether its webhooks are wanted',
  description: '`OPTIONS` of CloudEvents webhooks, and `GET` challenges as the source is configured.',
  params,
  querystring: describedOnly(Type.Object({})),
  security: [],
  produces: ['text/plain'],
  response: { 200: Type.String({ description: 'What the sender wants to hear.' }) },
}
