import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { Answer, Call } from '../support/api.ts'
import { expectOk } from '../support/api.ts'
import { assertProblem, Stage, type Line } from './stage.ts'

const stage = await Stage.open()
const anyone = stage.api.as(null)

const post = (line: Line, call: Call, query = '?type=ticket.created'): Promise<Answer> =>
  anyone.send('POST', `/v1/sources/${line.name}/events${query}`, call)

const hmac = (algorithm: string, key: string | Buffer, text: string): string =>
  createHmac(algorithm, key).update(text).digest('hex')

const body = '{"hello": "wörld"}'
const nowSeconds = (): number => Math.floor(Date.now() / 1_000)

/** For each way of verifying: what the source says, headers that are right, and headers that are not. */
const standardSecret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const presets: Readonly<Record<string, { verify: object; right: object; wrong: readonly object[] }>> = {
  basic: {
    verify: { kind: 'basic', username: 'okdesk', password: 's3cret' },
    right: { authorization: `Basic ${Buffer.from('okdesk:s3cret').toString('base64')}` },
    wrong: [{}, { authorization: `Basic ${Buffer.from('okdesk:other').toString('base64')}` }],
  },
  bearer: {
    verify: { kind: 'bearer', token: 'a-token' },
    right: { authorization: 'Bearer a-token' },
    wrong: [{}, { authorization: 'Bearer another' }, { authorization: `Bearer ${stage.api.key}` }],
  },
  hmac: {
    verify: {
      kind: 'hmac',
      header: 'x-okdesk-signature',
      encoding: 'hex',
      algorithm: 'sha256',
      secret: 'shh',
    },
    right: { 'x-okdesk-signature': hmac('sha256', 'shh', body) },
    wrong: [{}, { 'x-okdesk-signature': hmac('sha256', 'shh', `${body} `) }, { 'x-okdesk-signature': '' }],
  },
  github: {
    verify: { kind: 'github', secret: 'shh' },
    right: { 'x-hub-signature-256': `sha256=${hmac('sha256', 'shh', body)}` },
    wrong: [{}, { 'x-hub-signature-256': hmac('sha256', 'shh', body) }],
  },
  stripe: {
    verify: { kind: 'stripe', secret: 'shh' },
    get right() {
      const at = nowSeconds()
      return { 'stripe-signature': `t=${at},v1=${hmac('sha256', 'shh', `${at}.${body}`)}` }
    },
    get wrong() {
      const old = nowSeconds() - 600
      return [{}, { 'stripe-signature': `t=${old},v1=${hmac('sha256', 'shh', `${old}.${body}`)}` }]
    },
  },
  'standard-webhooks': {
    verify: { kind: 'standard-webhooks', secret: standardSecret },
    get right() {
      return standardHeaders(new Date())
    },
    get wrong() {
      return [
        {},
        standardHeaders(new Date(Date.now() - 600_000)),
        { ...standardHeaders(new Date()), 'webhook-id': 'x' },
      ]
    },
  },
}

function standardHeaders(at: Date): Record<string, string> {
  const id = 'msg_1'
  const signature = new Webhook(standardSecret).sign(id, at, body)
  const timestamp = String(Math.floor(at.getTime() / 1_000))
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
}

for (const [name, preset] of Object.entries(presets)) {
  test(`${name}: what verifies is accepted as it is, what does not is refused`, async () => {
    const line = await stage.line({ source: { verify: preset.verify } })
    const headers = { 'content-type': 'application/json; charset=utf-8', ...preset.right }
    assert.equal((await post(line, { headers, body })).status, 202)
    const [arrival] = await line.got(1)
    assert.equal(arrival?.body.toString(), body)
    assert.equal(arrival?.contentType, 'application/json; charset=utf-8')
    assert.equal(arrival?.headers.authorization, undefined, 'credentials of the sender reach the target')

    for (const wrong of preset.wrong) {
      const refused = await post(line, { headers: { ...wrong }, body })
      assert.equal(refused.status, 401, JSON.stringify(wrong))
      assert.ok(['unauthorized', 'invalid_signature'].includes(refused.json.code), refused.json.code)
    }
    // A key is no signature.
    const withKey = await line.sender.send('POST', `/v1/sources/${line.name}/events?type=a`, { body })
    assert.equal(withKey.status, 401)
  })
}

test('a source that verifies nothing needs its key, by header or query, unless it is public', async () => {
  const line = await stage.line()
  const other = await stage.line()
  const open = await stage.line({ source: { public: true } })
  assertProblem(await post(line, { body }), 401, 'unauthorized')
  const path = `/v1/sources/${line.name}/events?type=a`
  assert.equal((await line.sender.send('POST', path, { body })).status, 202)
  assert.equal((await anyone.send('POST', `${path}&key=${line.sender.key}`, { body })).status, 202)
  assertProblem(await anyone.send('POST', `${path}&key=nonsense`, { body }), 401, 'unauthorized')
  assertProblem(await other.sender.send('POST', path, { body }), 403, 'forbidden')
  assert.equal((await post(open, { body })).status, 202)
  assertProblem(await anyone.send('POST', '/v1/sources/nobody/events', { body }), 404, 'unknown_source')
  await line.got(2)
  assert.ok(!stage.hub.stdout.includes(String(line.sender.key)), 'a key stands in the log')
})

test('type, key, subject and correlation id come from where the source says', async () => {
  const line = await stage.line({
    source: {
      public: true,
      type: { from: 'json', pointer: '/event/event_type' },
      idempotencyKey: { from: 'header', name: 'X-Request-Id' },
      subject: { from: 'json', pointer: '/issue/id' },
      correlationId: { from: 'query', name: 'deal' },
      forwardHeaders: ['x-okdesk-*', 'user-agent'],
    },
  })
  const ticket = (id: number): string =>
    JSON.stringify({ event: { event_type: 'new_ticket' }, issue: { id } })
  const headers = {
    ...{ 'x-request-id': 'request-1', 'x-okdesk-account': 'acme', 'x-other': 'no', 'user-agent': 'Okdesk/1' },
    'content-type': 'application/json',
  }
  const send = (id: number) => post(line, { headers, body: ticket(id) }, '?deal=deal-7')
  const sent = await send(42)
  assert.equal(sent.status, 202)
  assert.equal((await send(42)).status, 200)
  assertProblem(await send(43), 409, 'idempotency_conflict')
  const [arrival] = await line.got(1)
  assert.equal(arrival?.headers['ce-type'], 'new_ticket')
  assert.equal(arrival?.headers['ce-subject'], '42')
  assert.equal(arrival?.headers['ce-correlationid'], 'deal-7')
  assert.equal(arrival?.headers['x-okdesk-account'], 'acme')
  assert.equal(arrival?.headers['user-agent'], 'Okdesk/1')
  assert.equal(arrival?.headers['x-other'], undefined)
  const event = await stage.event(sent.json.eventId, 'DELIVERED')
  assert.deepEqual([event.type, event.subject, event.correlationId], ['new_ticket', '42', 'deal-7'])
  assertProblem(await post(line, { headers: { 'x-request-id': '2' }, body: '{}' }), 400, 'type_missing')
})

test('requireJson refuses what is no JSON', async () => {
  const line = await stage.line({ source: { public: true, requireJson: true } })
  assertProblem(await post(line, { body: '{"a":' }), 400, 'invalid_json')
  assert.equal((await post(line, { body: '{"a": 1}' })).status, 202)
})

test('senders that insist get the status and body that the source says', async () => {
  const respond = { status: 200, contentType: 'text/xml', body: '<ok/>' }
  const line = await stage.line({ source: { public: true, respond } })
  const answer = await post(line, { body })
  assert.equal(answer.status, 200)
  assert.equal(answer.bytes.toString(), '<ok/>')
  assert.match(String(answer.headers['content-type']), /^text\/xml/)
  await line.got(1)
})

test('handshakes: OPTIONS of CloudEvents webhooks, GET challenges', async () => {
  const challenge = { query: 'hub.challenge', verify: { query: 'hub.verify_token', token: 'right' } }
  const line = await stage.line({ source: { public: true, handshake: { challenge } } })
  const path = `/v1/sources/${line.name}/events`
  const options = await anyone.send('OPTIONS', path, {
    headers: { 'webhook-request-origin': 'sender.example', 'webhook-request-rate': '120' },
  })
  assert.ok(options.status < 300)
  assert.equal(options.headers['webhook-allowed-origin'], 'sender.example')
  assert.ok(options.headers['webhook-allowed-rate'])
  const asked = await anyone.get(`${path}?hub.challenge=12345&hub.verify_token=right`)
  assert.equal(expectOkText(asked), '12345')
  assert.equal((await anyone.get(`${path}?hub.challenge=12345&hub.verify_token=wrong`)).status, 403)
})

function expectOkText(answer: Answer): string {
  expectOk(answer)
  return answer.bytes.toString()
}
