import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { expectOk } from '../support/api.ts'
import { assertProblem, Stage } from './stage.ts'

const maxPayloadBytes = 10_000
const maxBatchBytes = 30_000
const stage = await Stage.open({
  HUB_MAX_PAYLOAD_BYTES: String(maxPayloadBytes),
  HUB_MAX_BATCH_BYTES: String(maxBatchBytes),
})
const line = await stage.line()
const path = '/v1/events?type=a'
const structured = { 'content-type': 'application/cloudevents+json' }
const batch = { 'content-type': 'application/cloudevents-batch+json' }
const ce = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' }

const malformed: Readonly<Record<string, { headers: Record<string, string>; body?: string }>> = {
  'structured, no JSON': { headers: structured, body: '{"specversion":' },
  'structured, an array': { headers: structured, body: '[]' },
  'structured, without id': { headers: structured, body: '{"specversion":"1.0","source":"s","type":"t"}' },
  'structured, an empty type': {
    headers: structured,
    body: '{"specversion":"1.0","id":"1","source":"s","type":""}',
  },
  'structured, another version': {
    headers: structured,
    body: '{"specversion":"0.3","id":"1","source":"s","type":"t"}',
  },
  'structured, U+0000 in an attribute': {
    headers: structured,
    body: String.raw`{"specversion":"1.0","id":"\u0000","source":"s","type":"t"}`,
  },
  'structured, an attribute that is too long': {
    headers: structured,
    body: JSON.stringify({ ...{ specversion: '1.0', id: '1', source: 's' }, type: 't'.repeat(5_000) }),
  },
  'structured, no base64': {
    headers: structured,
    body: '{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"%%"}',
  },
  'structured, a bad time': {
    headers: structured,
    body: '{"specversion":"1.0","id":"1","source":"s","type":"t","time":"yesterday"}',
  },
  'batch, no array': { headers: batch, body: '{}' },
  'binary, without id': { headers: { 'ce-specversion': '1.0', 'ce-source': '/s', 'ce-type': 't' } },
  'binary, U+0000': { headers: { ...ce, 'ce-subject': 'a%00b' } },
  'binary, a bad name': { headers: { ...ce, 'ce-bad_name': 'x' } },
}

for (const [what, call] of Object.entries(malformed)) {
  test(`400 for a malformed CloudEvent: ${what}`, async () => {
    assertProblem(await line.sender.send('POST', '/v1/events', call), 400, 'invalid_cloudevent')
  })
}

test('400 for an idempotency-key on a batch, and for one that is too long', async () => {
  const headers = { ...batch, 'idempotency-key': 'k' }
  assertProblem(await line.sender.send('POST', '/v1/events', { headers, body: '[]' }), 400, 'invalid_request')
  const long = { 'idempotency-key': 'k'.repeat(5_000) }
  assertProblem(await line.sender.send('POST', path, { headers: long, body: 'x' }), 400, 'invalid_request')
})

test('401 without a key or with a wrong one', async () => {
  for (const key of [null, 'wrong', `${line.sender.key}x`])
    assertProblem(await stage.api.as(key).send('POST', path, { body: 'x' }), 401, 'unauthorized')
  assertProblem(await stage.api.as(null).get('/v1/events'), 401, 'unauthorized')
})

test('403 for the key of another source and for a key without the right', async () => {
  const other = await stage.line()
  const foreign = await line.sender.send('POST', `/v1/events?source=${other.name}&type=a`, { body: 'x' })
  assertProblem(foreign, 403, 'forbidden')
  assertProblem(await line.sender.get('/v1/events'), 403, 'forbidden')
  const viewer = expectOk(await stage.api.post('/v1/keys', { name: 'viewer', role: 'viewer' })).key
  assertProblem(
    await stage.api.as(viewer).send('POST', `/v1/events?source=${other.name}&type=a`, { body: 'x' }),
    403,
    'forbidden',
  )
})

test('404 for what is not there', async () => {
  assertProblem(
    await stage.api.send('POST', '/v1/events?source=nobody&type=a', { body: 'x' }),
    404,
    'unknown_source',
  )
  assertProblem(await stage.api.get('/v1/nothing'), 404, 'not_found')
  assertProblem(await stage.api.get('/v1/events/01990000-0000-7000-8000-000000000000'), 404, 'not_found')
  assertProblem(await stage.api.get('/v1/events/nonsense'), 404, 'not_found')
  assertProblem(await stage.api.get('/v1/deliveries/nonsense'), 404, 'not_found')
  assertProblem(await stage.api.get('/v1/sources/nobody'), 404, 'unknown_source')
  assertProblem(await stage.api.get('/v1/integrations/nobody'), 404, 'unknown_integration')
})

test('405 for a method that a path does not know', async () => {
  assertProblem(await stage.api.send('PATCH', `/v1/sources/${line.name}`), 405, 'method_not_allowed')
})

test('a payload of the largest size is taken, one byte more is 413, in every mode', async () => {
  const largest = 'x'.repeat(maxPayloadBytes)
  assert.equal((await line.sender.send('POST', path, { body: largest })).status, 202)
  assertProblem(await line.sender.send('POST', path, { body: `${largest}x` }), 413, 'payload_too_large')
  const event = (data: string): string =>
    JSON.stringify({
      ...{ specversion: '1.0', id: data.length, source: '/s', type: 't' },
      id: `s${data.length}`,
      datacontenttype: 'text/plain',
      data,
    })
  const send = (body: string, headers: Record<string, string>) =>
    line.sender.send('POST', '/v1/events', { headers, body })
  assert.equal((await send(event(largest), structured)).status, 202)
  assertProblem(await send(event(`${largest}x`), structured), 413, 'payload_too_large')
  assertProblem(await send(`[${event(`${largest}xx`)}]`, batch), 413, 'payload_too_large')
  const tooLarge = `[${[1, 2, 3, 4].map((n) => event('y'.repeat(9_000 + n))).join(',')}]`
  assertProblem(await send(tooLarge, batch), 413, 'payload_too_large')
})

test('a sender that is still writing a body that is far too large can read the 413', async () => {
  const { hostname, port } = new URL(stage.api.url)
  const socket = net.connect(Number(port), hostname)
  await once(socket, 'connect')
  const bodyBytes = 3 * 1024 * 1024
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer ${line.sender.key}\r\n` +
      `content-length: ${bodyBytes}\r\nconnection: close\r\n\r\n`,
  )
  socket.end(Buffer.alloc(bodyBytes))
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.match(answer, /payload_too_large/)
})

test('415 for any content encoding and for CloudEvents in another format', async () => {
  for (const encoding of ['gzip', 'br', 'deflate', 'x']) {
    const headers = { 'content-encoding': encoding }
    const answer = await line.sender.send('POST', path, { headers, body: 'x' })
    assertProblem(answer, 415, 'unsupported_encoding')
  }
  const headers = { 'content-type': 'application/cloudevents+avro' }
  const answer = await line.sender.send('POST', path, { headers, body: 'x' })
  assertProblem(answer, 415, 'unsupported_media_type')
})

test('429 with retry-after over the rate limit of the source, and none for others', async () => {
  const limited = await stage.line({ source: { rateLimit: { perSecond: 1, burst: 2 } } })
  const send = () => limited.sender.send('POST', path, { body: 'x' })
  assert.equal((await send()).status, 202)
  assert.equal((await send()).status, 202)
  const refused = await send()
  assertProblem(refused, 429, 'rate_limited')
  assert.ok(Number(refused.headers['retry-after']) >= 1)
  assert.equal((await line.sender.send('POST', path, { body: 'x' })).status, 202)
})

test('what was refused is nowhere', async () => {
  const before = expectOk(await stage.api.get(`/v1/events?source=${line.name}&limit=500`)).items.length
  for (const call of Object.values(malformed)) await line.sender.send('POST', '/v1/events', call)
  const after = expectOk(await stage.api.get(`/v1/events?source=${line.name}&limit=500`)).items.length
  assert.equal(after, before)
})
