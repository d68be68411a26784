import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CloudEvent, HTTP } from 'cloudevents'
import fc from 'fast-check'
import type { IncomingEvent } from '../core/event.ts'
import { readCloudEvents } from './cloudevents.ts'
import { problemOf, request, source, type RequestParts } from './testing.ts'

const seed = 20_26

const required = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/shop', 'ce-type': 'order.created' }

function read(parts: RequestParts, settings: object = {}): IncomingEvent {
  const { mode, events } = readCloudEvents(request(parts), source(settings))
  assert.equal(mode, 'single')
  assert.equal(events.length, 1)
  const [event] = events
  assert.ok(event)
  return event
}

function refused(headers: Record<string, string | string[]>, path: string, detail = /./): void {
  const problem = problemOf('invalid_cloudevent', () => read({ headers: { ...required, ...headers } }))
  assert.match(problem.detail, detail)
  assert.equal(problem.status, 400)
  assert.equal(problem.errors?.[0]?.path, path, problem.detail)
}

test('binary mode: headers are the attributes, the body is the payload byte for byte', () => {
  const body = Buffer.from([0x7b, 0x00, 0xff, 0x0d, 0x0a])
  const event = read({
    headers: {
      ...required,
      'ce-subject': 'order-7',
      'ce-time': '2026-01-31T12:00:00.5+03:00',
      'ce-dataschema': 'https://a.example/s',
      'ce-myext': 'x',
      'content-type': 'application/vnd.shop+json; charset=utf-8',
      'user-agent': 'a',
    },
    body,
  })
  assert.deepEqual(event, {
    type: 'order.created',
    subject: 'order-7',
    attributes: {
      id: '1',
      source: '/shop',
      type: 'order.created',
      subject: 'order-7',
      time: '2026-01-31T12:00:00.5+03:00',
      dataschema: 'https://a.example/s',
      myext: 'x',
    },
    contentType: 'application/vnd.shop+json; charset=utf-8',
    body,
    headers: {},
    idempotencyKey: '5:/shop1',
    correlationId: null,
    causationId: null,
    deliverAt: null,
    keys: {},
  })
})

test('binary mode: what the official SDK sends is read', () => {
  const event = new CloudEvent({
    source: 'https://shop.example/a',
    type: 'com.example.order',
    subject: 's',
    data: { a: [1.5, 'é'] },
    myext: 'ext',
  })
  const message = HTTP.binary(event)
  const incoming = read({ headers: message.headers, body: String(message.body) })
  assert.equal(incoming.type, 'com.example.order')
  assert.equal(incoming.subject, 's')
  assert.equal(incoming.attributes['id'], event.id)
  assert.equal(incoming.attributes['time'], event.time)
  assert.equal(incoming.attributes['myext'], 'ext')
  assert.equal(incoming.contentType, 'application/json; charset=utf-8')
  assert.deepEqual(JSON.parse(incoming.body.toString()), { a: [1.5, 'é'] })
})

test('header values are percent-decoded once', () => {
  const subject = (value: string): string | null =>
    read({ headers: { ...required, 'ce-subject': value } }).subject
  assert.equal(subject('Euro%20%E2%82%AC%20%F0%9F%98%80'), 'Euro € 😀')
  assert.equal(subject('%e2%82%ac'), '€')
  assert.equal(subject('%2541'), '%41')
  assert.equal(subject('%41%62'), 'Ab')
  assert.equal(subject('a b'), 'a b')
  assert.equal(subject('100% sure %zz %4'), '100% sure %zz %4')
})

test('quoted and raw UTF-8 values of older senders are read too', () => {
  const subject = (value: string): string | null =>
    read({ headers: { ...required, 'ce-subject': value } }).subject
  assert.equal(subject('"a \\"b\\" \\\\ c"'), 'a "b" \\ c')
  for (const text of ['a"b', '"a', 'a"', '"']) assert.equal(subject(text), text)
  // Node gives header bytes as Latin-1.
  assert.equal(subject(Buffer.from('Привет').toString('latin1')), 'Привет')
})

test('every attribute survives the encoding that the specification asks of senders', () => {
  const character = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 40 })
    .filter((text) => !/[\0-\x1f\x7f-\x9f]|\p{Noncharacter_Code_Point}/u.test(text))
  const encode = (text: string): string =>
    text.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (one) =>
      [...Buffer.from(one)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    )
  fc.assert(
    fc.property(character, (text) => {
      assert.equal(read({ headers: { ...required, 'ce-subject': encode(text) } }).subject, text)
    }),
    { seed, numRuns: 1_000 },
  )
})

test('what is not UTF-8, holds control characters or is no time is refused by name', () => {
  refused({ 'ce-subject': '%C0%A0' }, '/subject')
  refused({ 'ce-subject': '%ff' }, '/subject')
  refused({ 'ce-subject': '%ED%A0%80' }, '/subject')
  refused({ 'ce-subject': 'a\u00ff' }, '/subject')
  refused({ 'ce-subject': '%00' }, '/subject')
  refused({ 'ce-myext': 'a%0Ab' }, '/myext')
  refused({ 'ce-myext': '%7F' }, '/myext')
  refused({ 'ce-myext': '%EF%BF%BF' }, '/myext')
  refused({ 'ce-subject': '' }, '/subject')
  refused({ 'ce-time': 'yesterday' }, '/time')
  refused({ 'ce-time': '2026-02-30T00:00:00Z' }, '/time')
  refused({ 'ce-deliverat': '2026-01-31' }, '/deliverat')
  refused({ 'ce-deliverat': '9999-12-31T23:59:59-23:59' }, '/deliverat', /the years 0 to 9999/)
})

test('required attributes are required, and named when they are not there', () => {
  for (const name of ['specversion', 'id', 'source', 'type']) {
    const { [`ce-${name}`]: _, ...headers } = required as Record<string, string>
    const problem = problemOf('invalid_cloudevent', () => read({ headers, query: { type: 'x' } }))
    assert.equal(problem.errors?.[0]?.path, `/${name}`)
    assert.match(problem.detail, new RegExp(`\`${name}\``))
    refused({ [`ce-${name}`]: '' }, `/${name}`)
  }
  refused({ 'ce-specversion': '0.3' }, '/specversion')
  refused({ 'ce-specversion': '1' }, '/specversion')
})

test('attribute names are lower-case letters and digits', () => {
  refused({ 'ce-my-ext': 'x' }, '/my-ext')
  refused({ 'ce-my_ext': 'x' }, '/my_ext')
  refused({ 'ce-': 'x' }, '/')
  refused({ 'ce-data': 'x' }, '/data')
  refused({ 'ce-datacontenttype': 'text/plain' }, '/datacontenttype')
})

test('attributes are bounded, alone and together', () => {
  assert.equal(read({ headers: { ...required, 'ce-type': 'a'.repeat(500) } }).type.length, 500)
  refused({ 'ce-type': 'a'.repeat(501) }, '/type')
  refused({ 'ce-subject': 'a'.repeat(1_001) }, '/subject')
  refused({ 'ce-subject': '%E2%82%AC'.repeat(700) }, '/subject')
  refused({ 'ce-correlationid': 'a'.repeat(501) }, '/correlationid')
  read({ headers: { ...required, 'ce-x': 'a'.repeat(8_000) } })
  refused({ 'ce-x': 'a'.repeat(8_193) }, '/x')
  refused({ 'ce-x': 'a'.repeat(4_500), 'ce-y': 'a'.repeat(4_500) }, '/y')
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`ce-x${index}`, 'v']))
  refused(many, '/x50')
  problemOf('invalid_cloudevent', () => read({ headers: { ...required, 'ce-id': 'a'.repeat(1_000) } }))
})

test('extensions with names of object methods are ordinary', () => {
  const { attributes } = read({ headers: { ...required, 'ce-constructor': 'a', 'ce-tostring': 'b' } })
  assert.equal(attributes['constructor'], 'a')
  assert.equal(attributes['tostring'], 'b')
})

test('the extensions that the hub understands', () => {
  const event = read({
    headers: {
      ...required,
      'ce-correlationid': 'deal-1',
      'ce-causationid': 'e-0',
      'ce-deliverat': '2030-01-01T00:00:00Z',
    },
  })
  assert.equal(event.correlationId, 'deal-1')
  assert.equal(event.causationId, 'e-0')
  assert.deepEqual(event.deliverAt, new Date('2030-01-01T00:00:00Z'))
  assert.equal(event.attributes['deliverat'], '2030-01-01T00:00:00Z')
  const empty = read({ headers: { ...required, 'ce-correlationid': '', 'ce-causationid': '' } })
  assert.equal(empty.correlationId, null)
  assert.equal(empty.causationId, null)
})

test('a trace of the request goes on with the event, unless the event has its own', () => {
  const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const outer = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const traced = (headers: Record<string, string>) =>
    read({ headers: { ...required, ...headers } }).attributes['traceparent']
  assert.equal(traced({ traceparent: outer }), outer)
  assert.equal(traced({ traceparent: outer, 'ce-traceparent': own }), own)
  assert.equal(traced({ traceparent: 'nonsense' }), undefined)
})

test('the same event is told by the header, else by source and id together', () => {
  const key = (headers: Record<string, string>): string | null =>
    read({ headers: { ...required, ...headers } }).idempotencyKey
  assert.equal(key({ 'idempotency-key': 'abc' }), 'abc')
  assert.equal(key({ 'idempotency-key': '' }), '5:/shop1')
  assert.notEqual(key({ 'ce-source': 'a', 'ce-id': 'bc' }), key({ 'ce-source': 'ab', 'ce-id': 'c' }))
  problemOf('invalid_request', () => key({ 'idempotency-key': 'a'.repeat(1_001) }))
})

test('without ce-* headers the query gives the type', () => {
  const body = Buffer.from('a=1')
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const event = read({ headers, query: { type: 'form.sent' }, body })
  assert.equal(event.type, 'form.sent')
  assert.deepEqual(event.attributes, {})
  assert.equal(event.contentType, 'application/x-www-form-urlencoded')
  assert.equal(event.body.equals(body), true)
  assert.equal(event.idempotencyKey, null)
  assert.equal(read({ query: { type: 'x' }, headers: { 'idempotency-key': 'k' } }).idempotencyKey, 'k')
  assert.match(problemOf('type_missing', () => read({})).detail, /\?type=/)
  problemOf('type_missing', () => read({ query: { type: '' } }))
  problemOf('invalid_request', () => read({ query: { type: 'a\0b' } }))
  problemOf('invalid_request', () => read({ query: { type: 'a'.repeat(501) } }))
  problemOf('invalid_request', () => read({ query: { type: 'a\ud800' } }))
  assert.equal(read({ headers: required, query: { type: 'x' } }).type, 'order.created')
})

test('types of the hub itself are not taken from outside', () => {
  for (const type of ['hub.circuit.opened', 'hub', 'error.event'])
    problemOf('invalid_request', () => read({ query: { type } }))
  assert.equal(read({ query: { type: 'hubs.a' } }).type, 'hubs.a')
})

test('what the envelope leaves open is found by the locators of the source', () => {
  const settings = {
    keys: { dealId: { from: 'json', pointer: '/deal/id' }, tenant: { from: 'header', name: 'X-Tenant' } },
    idempotencyKey: { from: 'json', pointer: '/n' },
    subject: { from: 'json', pointer: '/s' },
    correlationId: { from: 'query', name: 'c' },
    forwardHeaders: ['x-*'],
  }
  const body = '{"deal":{"id":12345678901234567890},"n":"k","s":"in body"}'
  const event = read({ headers: { ...required, 'x-tenant': 't' }, query: { c: 'c1' }, body }, settings)
  assert.deepEqual(event.keys, { dealId: '12345678901234567890', tenant: 't' })
  assert.equal(event.idempotencyKey, 'k')
  assert.equal(event.subject, 'in body')
  assert.equal(event.correlationId, 'c1')
  assert.deepEqual(event.headers, { 'x-tenant': 't' })
  const given = {
    ...required,
    'ce-subject': 'given',
    'ce-correlationid': 'given',
    'idempotency-key': 'given',
  }
  const preferred = read({ headers: given, query: { c: 'c1' }, body }, settings)
  assert.equal(preferred.subject, 'given')
  assert.equal(preferred.correlationId, 'given')
  assert.equal(preferred.idempotencyKey, 'given')
})

test('formats of CloudEvents that are not read are told apart from payloads', () => {
  for (const type of [
    'application/cloudevents+avro',
    'application/cloudevents',
    'application/cloudevents+json; charset=utf-16',
  ])
    assert.equal(
      problemOf('unsupported_media_type', () => read({ headers: { 'content-type': type } })).status,
      415,
    )
})
