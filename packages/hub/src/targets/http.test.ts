import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { HTTP, type CloudEvent } from 'cloudevents'
import { Webhook } from 'standardwebhooks'
import { sampleEvent } from '../core/event-testing.ts'
import { deliverOne, httpTarget, listen, ok, onRequests, sampleDelivery, testSecret } from './testing.ts'
import type { ReceivedRequest } from './testing.ts'
import type { Delivery } from './target.ts'

/** What a target gets of a delivery. */
async function received(t: TestContext, target: object, delivery?: Delivery): Promise<ReceivedRequest> {
  const requests: ReceivedRequest[] = []
  const server = await listen(t, (socket) =>
    onRequests(socket, (request) => {
      requests.push(request)
      socket.write(ok)
    }),
  )
  const outcome = await deliverOne(httpTarget(t, `${server.url}/hook`, target), delivery)
  assert.equal(outcome.result, 'delivered', outcome.error ?? '')
  assert.equal(requests.length, 1)
  return requests[0] ?? assert.fail()
}

/** Every name must be there once. */
function headersOf(request: ReceivedRequest): Record<string, string> {
  const headers = Object.fromEntries(request.headers)
  assert.equal(Object.keys(headers).length, request.headers.length, 'a header is there twice')
  return headers
}

const body = Buffer.from('{"amount": 1.10, "b": 2, "a": "Заявка"}')

test('the whole request of the default envelope', async (t) => {
  const event = sampleEvent({ body, subject: 'ticket-7', headers: { 'x-okdesk-event': 'new' } })
  const request = await received(t, {}, sampleDelivery({ event, attempt: 3, replayId: 'replay-1' }))
  const { 'webhook-timestamp': timestamp, 'webhook-signature': signature, host, ...rest } = headersOf(request)
  assert.equal(request.line, 'POST /hook HTTP/1.1')
  assert.deepEqual(request.body, body)
  assert.match(signature ?? '', /^v1,[A-Za-z0-9+/]{43}=$/)
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1_000) < 60)
  assert.match(host ?? '', /^127\.0\.0\.1:\d+$/)
  assert.deepEqual(rest, {
    connection: 'keep-alive',
    'webhook-id': event.id,
    'ce-specversion': '1.0',
    'ce-id': event.id,
    'ce-source': 'okdesk',
    'ce-type': 'issue.created',
    'ce-time': '2026-01-02T03:04:05.678Z',
    'ce-subject': 'ticket-7',
    'ce-correlationid': event.correlationId,
    'hub-delivery-id': 'delivery-1',
    'hub-attempt': '3',
    'hub-replay-id': 'replay-1',
    'x-okdesk-event': 'new',
    'user-agent': 'Integration-Hub/1.2.3',
    'content-type': 'application/json',
    'content-length': String(body.length),
  })
})

test('attributes go on as they came', async (t) => {
  const attributes = {
    id: 'order-1',
    source: '/shop/orders',
    type: 'order.created',
    time: '2026-01-02T03:04:05.123456789+03:00',
    subject: 'Заявка "7" 100% €',
    correlationid: 'mine',
    dataschema: 'https://schemas.example/order',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    deliverat: '2026-01-02T03:04:05Z',
    empty: '',
  }
  const { type, subject, correlationid: correlationId } = attributes
  const event = sampleEvent({ attributes, type, subject, correlationId })
  const headers = headersOf(await received(t, {}, sampleDelivery({ event })))
  for (const [name, value] of Object.entries(attributes))
    assert.equal(decodeURIComponent(headers[`ce-${name}`] ?? 'absent'), value, name)
  assert.equal(headers['ce-subject'], '%D0%97%D0%B0%D1%8F%D0%B2%D0%BA%D0%B0%20%227%22%20100%25%20%E2%82%AC')
  assert.equal(headers['traceparent'], attributes.traceparent)
  assert.equal(headers['webhook-id'], sampleEvent().id)
})

test('the reference libraries verify and parse what arrives', async (t) => {
  const event = sampleEvent({ body, subject: 'ticket-7', attributes: { tenant: 'acme' } })
  const request = await received(t, {}, sampleDelivery({ event }))
  const headers = headersOf(request)
  assert.deepEqual(new Webhook(testSecret).verify(request.body, headers), JSON.parse(body.toString()))
  const parsed = HTTP.toEvent({ headers, body: request.body.toString() }) as CloudEvent<unknown>
  assert.ok(parsed.validate())
  assert.equal(parsed.id, event.id)
  assert.equal(parsed.source, 'okdesk')
  assert.equal(parsed.type, 'issue.created')
  assert.equal(parsed.subject, 'ticket-7')
  assert.equal(parsed['tenant'], 'acme')
  assert.equal(parsed.time, '2026-01-02T03:04:05.678Z')
  assert.deepEqual(parsed.data, JSON.parse(body.toString()))
})

// Seen to fail with: the body passed through a text.
test('bytes that are no text, none at all, and a content type that the event did not have', async (t) => {
  const bytes = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0xfe])
  const binary = await received(
    t,
    {},
    sampleDelivery({ event: sampleEvent({ body: bytes, contentType: null }) }),
  )
  assert.deepEqual(binary.body, bytes)
  assert.equal(headersOf(binary)['content-type'], undefined)
  const empty = await received(t, {}, sampleDelivery({ event: sampleEvent({ body: Buffer.alloc(0) }) }))
  assert.equal(headersOf(empty)['content-length'], '0')
  assert.doesNotThrow(() => new Webhook(testSecret).verify(empty.body, headersOf(empty)))
})

test('without envelope only the configured headers, the content type and the body go out', async (t) => {
  const event = sampleEvent({ body, headers: { 'x-kept': 'no' }, attributes: { traceparent: 'no' } })
  const headers = { 'X-Api-Key': 'k', 'x-event': '{eventId}' }
  const auth = { kind: 'basic', username: 'hub', password: 'pässword:1' }
  const request = await received(t, { envelope: 'none', headers, auth }, sampleDelivery({ event }))
  const { host: _, ...rest } = headersOf(request)
  assert.deepEqual(rest, {
    connection: 'keep-alive',
    'X-Api-Key': 'k',
    'x-event': event.id,
    authorization: `Basic ${Buffer.from('hub:pässword:1').toString('base64')}`,
    'content-type': 'application/json',
    'content-length': String(body.length),
  })
  assert.deepEqual(request.body, body)
})

test('without envelope a content type of our own replaces that of the event', async (t) => {
  const headers = { 'Content-Type': 'text/xml' }
  const request = await received(t, { envelope: 'none', headers })
  assert.equal(headersOf(request)['Content-Type'], 'text/xml')
  assert.equal(headersOf(request)['content-type'], undefined)
})

test('headers kept from the sender never stand for ours, for the connection or for credentials', async (t) => {
  const hostile = {
    'webhook-id': 'forged',
    'webhook-signature': 'forged',
    'ce-id': 'forged',
    'hub-attempt': '99',
    'content-type': 'forged',
    'content-length': '1',
    'transfer-encoding': 'chunked',
    connection: 'close',
    host: 'forged',
    authorization: 'Bearer of-the-source',
    expect: '100-continue',
    'x-ours': 'of the sender',
  }
  const kept = { 'user-agent': 'Okdesk', 'x-okdesk': 'é\u0416\n', traceparent: '00-kept' }
  const event = sampleEvent({ headers: { ...hostile, ...kept } })
  const auth = { kind: 'bearer', token: 'of-the-integration' }
  const request = await received(t, { headers: { 'X-Ours': 'configured' }, auth }, sampleDelivery({ event }))
  const headers = headersOf(request)
  for (const [name, value] of Object.entries(hostile)) assert.notEqual(headers[name], value, name)
  assert.equal(headers['X-Ours'], 'configured')
  assert.equal(headers['authorization'], 'Bearer of-the-integration')
  assert.equal(headers['user-agent'], 'Okdesk')
  assert.equal(headers['x-okdesk'], 'é%D0%96%0A')
  assert.equal(headers['traceparent'], '00-kept')
})

test('attributes that could not be headers are left out, the rest arrives', async (t) => {
  const attributes = { 'bad name': 'x', 'bad\r\nname': 'x', ключ: 'x', '': 'x', good: 'a\r\nb: c' }
  const headers = headersOf(await received(t, {}, sampleDelivery({ event: sampleEvent({ attributes }) })))
  assert.equal(headers['ce-good'], 'a%0D%0Ab:%20c')
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.includes('bad')),
    [],
  )
})

test('every method: GET goes without a body, and is signed without', async (t) => {
  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    const request = await received(t, { method })
    assert.equal(request.line, `${method} /hook HTTP/1.1`)
    assert.deepEqual(request.body, sampleEvent().body, method)
  }
  const get = await received(t, { method: 'GET' })
  const headers = headersOf(get)
  assert.equal(get.line, 'GET /hook HTTP/1.1')
  assert.equal(get.body.length, 0)
  assert.equal(headers['content-type'], undefined)
  assert.doesNotThrow(() => new Webhook(testSecret).verify('', headers))
})

test('the URL is made of the event, and an event that lacks a part is not sent', async (t) => {
  const lines: string[] = []
  const server = await listen(t, (socket) =>
    onRequests(socket, ({ line }) => {
      lines.push(line)
      socket.write(ok)
    }),
  )
  const target = httpTarget(t, `${server.url}/hook/{type}?s={subject}`)
  const hostile = sampleEvent({ type: '../a?b#c', subject: 'x&y=z' })
  assert.equal((await deliverOne(target, sampleDelivery({ event: hostile }))).result, 'delivered')
  const outcome = await deliverOne(target, sampleDelivery())
  assert.equal(outcome.result, 'failed')
  assert.equal(outcome.errorClass, 'misconfigured')
  assert.equal(outcome.error, 'No request could be made of this event: the event has no {subject}.')
  assert.deepEqual(lines, ['POST /hook/..%2Fa%3Fb%23c?s=x%26y%3Dz HTTP/1.1'])
})

test('statuses over the wire', async (t) => {
  const answers = [
    'HTTP/1.1 429 Slow\r\nretry-after: 3\r\ncontent-length: 4\r\n\r\nwait',
    'HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n',
    ok,
  ]
  const server = await listen(t, (socket) =>
    onRequests(socket, () => void socket.write(answers.shift() ?? ok)),
  )
  const target = httpTarget(t, server.url, {}, { concurrency: 1 })
  const limited = await deliverOne(target)
  assert.equal(limited.errorClass, 'rate_limited')
  assert.equal(limited.retryAfterMs, 3_000)
  assert.equal(limited.responseBody?.toString(), 'wait')
  assert.equal((await deliverOne(target)).result, 'permanent')
  const redirected = await deliverOne(target)
  assert.equal(redirected.httpStatus, 307)
  assert.match(redirected.error ?? '', /pointed to http:\/\/127\.0\.0\.1:1\/; redirects are not followed/)
  const delivered = await deliverOne(target)
  assert.equal(delivered.httpStatus, 200)
  assert.equal(delivered.responseBody?.toString(), 'ok')
  assert.equal(server.connections(), 1)
})

test('an exchange shows what went out, but not what lets us in', async (t) => {
  const server = await listen(t, (socket) => onRequests(socket, () => void socket.write(ok)))
  const auth = { kind: 'bearer', token: 'very-secret' }
  const target = httpTarget(t, `${server.url}/hook/{type}`, { auth, headers: { 'x-api-key': 'very-secret' } })
  const { request, outcome } = await target.exchange(sampleDelivery(), new AbortController().signal)
  assert.equal(outcome.httpStatus, 200)
  assert.equal(request?.method, 'POST')
  assert.equal(request?.url, `${server.url}/hook/issue.created`)
  const headers = Object.fromEntries(request?.headers ?? [])
  assert.equal(headers['authorization'], '***')
  assert.match(headers['webhook-signature'] ?? '', /^v1,/)
  assert.doesNotMatch(JSON.stringify(request), /very-secret/)
})

test('a configuration that got past its checks fails each delivery with a sentence', async (t) => {
  const target = httpTarget(t, 'ftp://nowhere/')
  const outcome = await deliverOne(target)
  assert.equal(outcome.errorClass, 'misconfigured')
  assert.match(outcome.error ?? '', /must begin with http/)
  const unsendable = httpTarget(t, 'http://127.0.0.1:1/', { auth: { kind: 'bearer', token: 'a\nb' } })
  const refused = await deliverOne(unsendable)
  assert.equal(refused.errorClass, 'misconfigured', refused.error ?? '')
  assert.doesNotMatch(refused.error ?? '', /a\nb/)
})
