import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { until } from '../../packages/hub/src/testing/until.ts'
import { expectOk } from '../support/api.ts'
import { assertProblem, Stage } from './stage.ts'

const stage = await Stage.open()

const secretOf = async (name: string): Promise<string> =>
  expectOk(await stage.api.get(`/v1/integrations/${name}/secret`)).secret

test('a delivery carries the envelope, signed over its exact bytes', async () => {
  const line = await stage.line()
  const body = '{"amount": 1.0, "name":"é"}'
  const eventId = await line.send(body)
  const [arrival] = await line.got(1)
  assert.ok(arrival)
  const { headers } = arrival
  assert.equal(arrival.method, 'POST')
  assert.equal(arrival.url, `/${line.name}`)
  assert.equal(arrival.body.toString(), body)
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['content-length'], String(Buffer.byteLength(body)))
  assert.equal(headers['webhook-id'], eventId)
  assert.equal(headers['ce-specversion'], '1.0')
  assert.equal(headers['hub-attempt'], '1')
  assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000) < 60)
  const webhook = new Webhook(await secretOf(line.name))
  webhook.verify(body, headers as Record<string, string>)
  assert.throws(() => webhook.verify(`${body} `, headers as Record<string, string>))

  const delivery = await stage.delivery(eventId, 'DELIVERED')
  assert.equal(headers['hub-delivery-id'], delivery.deliveryId)
  assert.equal(delivery.attempts.length, 1)
  const [attempt] = delivery.attempts
  assert.deepEqual([attempt.n, attempt.outcome, attempt.httpStatus], [1, 'delivered', 200])
  assert.ok(attempt.durationMs >= 0 && Date.parse(attempt.startedAt))
})

test('a given signing secret is used, and both while one is being rotated', async () => {
  const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
  const line = await stage.line({ target: { signing: { secret } } })
  await line.send('1')
  const [first] = await line.got(1)
  new Webhook(secret).verify('1', first?.headers as Record<string, string>)
  const rotated = expectOk(
    await stage.api.post(`/v1/integrations/${line.name}/secret/rotate`, { overlapMs: 60_000 }),
  )
  assert.notEqual(rotated.secret, secret)
  await line.send('2')
  const [, second] = await line.got(2)
  for (const valid of [secret, rotated.secret])
    new Webhook(valid).verify('2', second?.headers as Record<string, string>)
  expectOk(await stage.api.post(`/v1/integrations/${line.name}/secret/rotate`, { overlapMs: 0 }))
  await line.send('3')
  const [, , third] = await line.got(3)
  assert.throws(() => new Webhook(rotated.secret).verify('3', third?.headers as Record<string, string>))
  new Webhook(await secretOf(line.name)).verify('3', third?.headers as Record<string, string>)
})

test('envelope none: only the headers of the integration and the original body', async () => {
  const line = await stage.line({
    source: { forwardHeaders: ['x-kept'] },
    target: {
      ...{ envelope: 'none', method: 'PUT', auth: { kind: 'basic', username: 'hub', password: 'pw' } },
      headers: { 'x-api-key': 'secret', 'x-event': 'number {eventId}', 'Content-Type': 'text/x-other' },
    },
  })
  const eventId = await line.send('body', { 'x-kept': 'no' })
  const [arrival] = await line.got(1)
  assert.ok(arrival)
  const { headers } = arrival
  assert.equal(arrival.method, 'PUT')
  assert.equal(arrival.body.toString(), 'body')
  assert.equal(headers['x-api-key'], 'secret')
  assert.equal(headers['x-event'], `number ${eventId}`)
  assert.equal(headers['content-type'], 'text/x-other')
  assert.equal(headers.authorization, `Basic ${Buffer.from('hub:pw').toString('base64')}`)
  const ours = Object.keys(headers).filter((name) =>
    /^(webhook-|ce-|hub-|traceparent|x-kept|user-agent)/.test(name),
  )
  assert.deepEqual(ours, [])
})

test('templates in URL and headers are filled in and escaped', async () => {
  const line = await stage.line({
    target: {
      url: `${stage.sink.url}/templates/{type}/{attributes.subject}?id={eventId}`,
      headers: { 'x-where': '{source} {subject}' },
      auth: { kind: 'bearer', token: 'token-1' },
    },
  })
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': '1',
    'ce-source': '/s',
    'ce-type': 'a/b c',
    'ce-subject': '../x?y',
  }
  const { eventId } = expectOk(await line.sender.send('POST', '/v1/events', { headers, body: 'x' }))
  await stage.event(eventId, 'DELIVERED')
  const [arrival] = stage.arrivalsAt('templates')
  assert.equal(arrival?.url, `/templates/a%2Fb%20c/..%2Fx%3Fy?id=${eventId}`)
  assert.equal(arrival?.headers['x-where'], `${line.name} ../x?y`)
  assert.equal(arrival?.headers.authorization, 'Bearer token-1')
})

test('success and permanent are what the integration says; redirects are not followed', async () => {
  const line = await stage.line({
    target: { success: ['2xx', 409], permanent: [418] },
    policy: { retry: { delaysMs: [10], jitter: 0 } },
  })
  line.behave({ status: 409 })
  await stage.event(await line.send(), 'DELIVERED')

  line.behave({ status: 418, body: 'I am a teapot' })
  const dead = await stage.delivery(await line.send(), 'DEAD')
  assert.deepEqual([dead.attemptCount, dead.httpStatus], [1, 418])
  assert.equal(dead.attempts[0].responseBody, 'I am a teapot')

  line.behave(({ attempt }) =>
    attempt === 1 ? { status: 302, headers: { location: stage.sink.urlOf('elsewhere') } } : { status: 200 },
  )
  const redirected = await stage.delivery(await line.send(), 'DELIVERED')
  assert.deepEqual(
    redirected.attempts.map((attempt: { httpStatus: number }) => attempt.httpStatus),
    [302, 200],
  )
  assert.equal(stage.arrivalsAt('elsewhere').length, 0)
})

test('of an answer 1 KiB is kept of a failure, 256 bytes of a success', async () => {
  const line = await stage.line({ policy: { retry: { delaysMs: [10] } } })
  line.behave(({ attempt }) => ({ status: attempt === 1 ? 500 : 200, body: 'x'.repeat(100_000) }))
  const { attempts } = await stage.delivery(await line.send(), 'DELIVERED')
  assert.deepEqual(
    attempts.map((attempt: { responseBody: string }) => attempt.responseBody.length),
    [1024, 256],
  )
})

test('an event goes only where it is wanted: source, type and filter', async () => {
  const line = await stage.line({
    policy: { types: ['issue.*', 'ticket.**'], filter: { data: { kind: ['a', { prefix: 'bill-' }] } } },
  })
  const stranger = await stage.line()
  const send = async (type: string, body: string): Promise<number> =>
    expectOk(await line.sender.send('POST', `/v1/events?type=${type}`, { body })).deliveries
  assert.equal(await send('issue.opened', '{"kind":"a"}'), 1)
  assert.equal(await send('ticket.a.b', '{"kind":"bill-1"}'), 1)
  assert.equal(await send('issue.opened.again', '{"kind":"a"}'), 0)
  assert.equal(await send('order.opened', '{"kind":"a"}'), 0)
  assert.equal(await send('issue.opened', '{"kind":"b"}'), 0)
  assert.equal(await send('issue.opened', 'no JSON'), 0)
  await line.got(2)
  assert.equal(stranger.arrivals.length, 0)
})

// Seen to fail with: the headers, or the secret, of the integration that was made first used for all.
test('each target gets the credentials and the signature of its own integration, and no other', async () => {
  const line = await stage.line()
  const names = ['one', 'other'].map((end) => `${line.name}-${end}`)
  for (const name of names) {
    const target = {
      kind: 'http',
      url: stage.sink.urlOf(name),
      headers: { 'x-api-key': `key of ${name}` },
      auth: { kind: 'basic', username: name, password: `password of ${name}` },
    }
    expectOk(await stage.api.put(`/v1/integrations/${name}`, { sources: [line.name], target }))
  }
  for (let n = 0; n < 20; n++) await line.send(`{"n": ${n}}`)
  for (const name of names) {
    const arrivals = stage.arrivalsAt(name)
    await until(`${name} got all`, () => arrivals.length === 20)
    const webhook = new Webhook(await secretOf(name))
    for (const { headers, body } of arrivals) {
      assert.equal(headers['x-api-key'], `key of ${name}`)
      const userAndPassword = Buffer.from(`${name}:password of ${name}`).toString('base64')
      assert.equal(headers['authorization'], `Basic ${userAndPassword}`)
      webhook.verify(body.toString(), headers as Record<string, string>)
    }
  }
})

test('headers that are not an integration’s to set are refused, each by name', async () => {
  const target = { kind: 'http', url: stage.sink.url }
  for (const name of ['Host', 'content-length', 'Connection', 'webhook-id', 'ce-type', 'hub-attempt']) {
    const answer = await stage.api.put('/v1/integrations/refused', {
      target: { ...target, headers: { [name]: 'x' } },
    })
    const problem = assertProblem(answer, 400, 'invalid_request')
    assert.match(JSON.stringify(problem.errors), new RegExp(name, 'i'))
  }
})

test('targets that are never allowed are refused when put', async () => {
  for (const host of ['169.254.169.254', '[fe80::1]', '0.0.0.0', '224.0.0.1', '[::ffff:169.254.169.254]']) {
    const target = { kind: 'http', url: `http://${host}/` }
    assertProblem(await stage.api.put('/v1/integrations/refused', { target }), 400, 'invalid_request')
  }
})
