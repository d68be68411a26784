import type { Random } from '../../support/random.ts'
import { anyPayload, structuredPayload, type Payload } from './payloads.ts'
import { nextId, type Expected, type Shipment } from './shipment.ts'

const targets = ['archive', 'ledger']
const types = ['order.created', 'order.paid', 'invoice.sent']

/** Headers around a body. */
export function binary(random: Random): Shipment {
  const payload = anyPayload(random)
  return {
    ...{ way: 'CloudEvent, binary', source: 'apps', path: '/v1/events' },
    headers: {
      'ce-specversion': '1.0',
      'ce-id': nextId('binary'),
      'ce-source': 'https://apps.example/%E2%82%AC',
      'ce-type': random.pick(types),
      'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80',
      'ce-comexampleextension': 'value',
      ...(payload.contentType !== undefined && { 'content-type': payload.contentType }),
    },
    body: payload.body,
    events: [{ ...payload, targets }],
  }
}

/** An envelope of JSON around it. */
export function structured(random: Random): Shipment {
  const [text, event] = randomEvent(random)
  return {
    ...{ way: 'CloudEvent, structured', source: 'apps', path: '/v1/events' },
    headers: { 'content-type': random.pick(structuredTypes) },
    body: Buffer.from(text),
    events: [event],
  }
}

const structuredTypes = [
  'application/cloudevents+json',
  'application/cloudevents+json; charset=utf-8',
  'Application/CloudEvents+JSON;charset=UTF-8',
]

export function batch(random: Random): Shipment {
  const events = Array.from({ length: random.between(0, 10) }, () => randomEvent(random))
  return {
    ...{ way: 'CloudEvents, batch', source: 'apps', path: '/v1/events' },
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: Buffer.from(`[${events.map(([text]) => text).join(random.pick([',', ' ,\n', ',']))}]`),
    events: events.map(([, event]) => event),
  }
}

/** The text of an event, written by hand so that nothing in it is serialised twice, and what it means. */
function randomEvent(random: Random): readonly [string, Expected] {
  if (random.chance(0.5)) return base64Event(random)
  const payload = structuredPayload(random)
  const data = payload.kind === 'structured text' ? JSON.stringify(payload.body.toString()) : payload.body
  // JSON is what an event is that does not say so.
  const isDefault = payload.contentType === 'application/json' && random.chance(0.5)
  return [
    envelope(random, { ...payload, contentType: isDefault ? undefined : payload.contentType }, [
      'data',
      data.toString(),
    ]),
    { ...payload, targets },
  ]
}

function base64Event(random: Random): readonly [string, Expected] {
  const payload = anyPayload(random)
  const isMediaType = /^[\w-]+\/[\w.+-]+ *(;[ -~]*)?$/.test(payload.contentType ?? '')
  const contentType = isMediaType ? payload.contentType : undefined
  const data = ['data_base64', JSON.stringify(payload.body.toString('base64'))] as const
  return [
    envelope(random, { ...payload, contentType }, data),
    { ...payload, kind: `${payload.kind}, base64`, contentType: contentType ?? 'application/json', targets },
  ]
}

/** Members in any order, with any white space between. */
function envelope(random: Random, payload: Payload, data: readonly [string, string]): string {
  const members = [
    ['specversion', '"1.0"'],
    ['id', JSON.stringify(nextId('structured'))],
    ['source', '"apps \\u20ac"'],
    ['type', JSON.stringify(random.pick(types))],
    ['comexamplenumber', '42'],
    ['comexampleflag', 'true'],
    ...(payload.contentType === undefined ? [] : [['datacontenttype', JSON.stringify(payload.contentType)]]),
    data,
  ] as const
  const space = random.pick(['', ' ', '\n  '])
  const shift = random.between(0, members.length - 1)
  const shuffled = [...members.slice(shift), ...members.slice(0, shift)]
  return `{${shuffled.map(([name, value]) => `${space}"${name}"${space}:${space}${value}${space}`).join(',')}}`
}
