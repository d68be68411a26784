import { CloudEvent, HTTP } from 'cloudevents'
import type { Random } from '../../support/random.ts'
import { nextId, type Expected, type Shipment } from './shipment.ts'
import { gitHubWebhook } from './payloads.ts'

const targets = ['archive', 'ledger']

/** What the official SDK sent, by id, for those who compare it with what the SDK reads on arrival. */
export const sentBySdk = new Map<string, CloudEvent<unknown>>()

export function binary(random: Random): Shipment {
  const event = newEvent(random)
  const { headers, body } = HTTP.binary(event)
  return {
    ...{ way: 'SDK, binary', source: 'apps', path: '/v1/events' },
    headers: headers as Record<string, string>,
    body: asBuffer(body),
    events: [{ kind: 'SDK', body: asBuffer(body), contentType: String(headers['content-type']), targets }],
  }
}

export function structured(random: Random): Shipment {
  const event = newEvent(random)
  const { headers, body } = HTTP.structured(event)
  return {
    ...{ way: 'SDK, structured', source: 'apps', path: '/v1/events' },
    headers: headers as Record<string, string>,
    body: asBuffer(body),
    events: [asData(event)],
  }
}

/** The SDK reads batches and leaves it to the sender to join the events that it wrote. */
export function batch(random: Random): Shipment {
  const events = Array.from({ length: random.between(1, 5) }, () => newEvent(random))
  return {
    ...{ way: 'SDK, batch', source: 'apps', path: '/v1/events' },
    headers: { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' },
    body: Buffer.from(JSON.stringify(events)),
    events: events.map(asData),
  }
}

function newEvent(random: Random): CloudEvent<unknown> {
  const id = nextId('sdk')
  const event = new CloudEvent<unknown>({
    id,
    source: '/sdk',
    type: random.pick(['sdk.object', 'sdk.array', 'sdk.bytes']),
    subject: `subject-${random.between(1, 100)}`,
    time: new Date(Date.UTC(2026, 0, 1) + random.between(0, 1e9)).toISOString(),
    dataschema: 'https://schemas.example/order/1',
    comexamplestring: 'text',
    ...dataOf(random),
  })
  sentBySdk.set(id, event)
  return event
}

function dataOf(random: Random): { readonly data: unknown; readonly datacontenttype: string } {
  if (random.chance(0.3))
    return { data: new Uint8Array(random.bytes(random.between(1, 2_000))), datacontenttype: 'image/jpeg' }
  return { data: JSON.parse(gitHubWebhook(random).body.toString()), datacontenttype: 'application/json' }
}

/** The payload of an event that is written as JSON. */
function asData(event: CloudEvent<unknown>): Expected {
  const { data, datacontenttype } = event
  const body = data instanceof Uint8Array ? Buffer.from(data) : Buffer.from(JSON.stringify(data))
  return { kind: 'SDK', body, contentType: datacontenttype, targets }
}

function asBuffer(body: unknown): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body as Uint8Array)
}
