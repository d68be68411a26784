import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { createEventId, formatDeliveryId, type DeliveryKey } from '../../core/ids.ts'
import { billingId, parkingId, TestStore } from '../../testing/store.ts'
import type { App } from '../app.ts'
import type { LanesPort } from '../operating-context.ts'
import { adminHeaders, buildTestApp, fakeHub } from '../testing.ts'

let store: TestStore
let app: App
let flying: DeliveryKey[] = []
const isFlying = (key: DeliveryKey) => flying.some(({ seq }) => seq === key.seq)

before(async () => {
  store = await TestStore.create()
  const lanes: LanesPort = { state: () => undefined, isInFlight: isFlying, inFlight: () => flying }
  app = buildTestApp(fakeHub({ pool: store.pool, lanes }))
})
beforeEach(() => {
  flying = []
  return store.empty()
})
after(async () => {
  await app.close()
  await store.close()
})

async function get(url: string) {
  const answer = await app.inject({ url, headers: adminHeaders })
  return { status: answer.statusCode, body: answer.json() }
}

test('an event is shown whole, with its deliveries', async () => {
  const due = new Date(Date.now() + 60_000)
  const event = await store.addWaiting(
    [billingId],
    { due, attempts: 2, counted: 1, lastError: 'refused' },
    {
      type: 'order.paid',
      subject: 'order/7',
      attributes: { id: 'a-1', source: '/shop', time: '2020-01-01T00:00:00+03:00', traceparent: 't' },
      headers: { 'x-shop': '1' },
      contentType: 'text/plain',
      body: Buffer.from('hello'),
    },
  )
  const { status, body } = await get(`/v1/events/${event.id}`)
  assert.equal(status, 200)
  const { receivedAt, ...rest } = body
  assert.ok(Math.abs(new Date(receivedAt).getTime() - Date.now()) < 60_000)
  assert.deepEqual(rest, {
    eventId: event.id,
    source: 'shop',
    type: 'order.paid',
    subject: 'order/7',
    time: '2020-01-01T00:00:00+03:00',
    contentType: 'text/plain',
    size: 5,
    sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    correlationId: event.id,
    causationId: null,
    deliverAt: null,
    attributes: { id: 'a-1', source: '/shop', time: '2020-01-01T00:00:00+03:00', traceparent: 't' },
    headers: { 'x-shop': '1' },
    status: 'PROCESSING',
    deliveries: [
      {
        deliveryId: formatDeliveryId({ eventId: event.id, integrationId: billingId, seq: event.seq }),
        integration: 'billing',
        status: 'PENDING',
        waitingFor: 'retry',
        attemptCount: 1,
        nextAttemptAt: due.toISOString(),
        lastError: 'refused',
        errorClass: null,
        httpStatus: null,
        replayId: null,
        endedAt: null,
      },
    ],
  })
})

test('what is in flight here is shown as such, and listed', async () => {
  const event = await store.addWaiting([billingId])
  flying = [{ eventId: event.id, integrationId: billingId, seq: event.seq }]
  const { body } = await get(`/v1/events/${event.id}`)
  assert.deepEqual(
    [body.status, body.deliveries[0].status, body.deliveries[0].waitingFor],
    ['PROCESSING', 'PROCESSING', null],
  )
  const listed = async (query: string) =>
    (await get(`/v1/${query}`)).body.items.map((item: { eventId: string }) => item.eventId)
  assert.deepEqual(await listed('events?status=PROCESSING'), [event.id])
  assert.deepEqual(await listed('events?status=PENDING'), [])
  assert.deepEqual(await listed('deliveries?status=PROCESSING'), [event.id])
})

test('an event that is not there is 404', async () => {
  for (const id of [createEventId(Date.now(), randomBytes(10)), 'nonsense']) {
    const { status, body } = await get(`/v1/events/${id}`)
    assert.deepEqual([status, body.code], [404, 'not_found'], id)
    assert.equal((await get(`/v1/events/${id}/payload`)).status, 404)
  }
})

test('a payload is downloaded as it came, and nothing a browser would run', async () => {
  const body = Buffer.from('<script>alert(1)</script>\r\n\xff', 'latin1')
  const { id } = await store.addEvent({ body, contentType: 'Text/HTML; charset="x"' })
  const answer = await app.inject({ url: `/v1/events/${id}/payload`, headers: adminHeaders })
  assert.deepEqual(answer.rawPayload, body)
  assert.equal(answer.headers['content-type'], 'Text/HTML; charset="x"')
  assert.match(String(answer.headers['content-disposition']), /^attachment/)
  assert.match(String(answer.headers['content-security-policy']), /sandbox/)
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
})

for (const contentType of [undefined, 'тип']) {
  test(`a payload ${contentType ? 'whose content type no header can say' : 'without a content type'} is bytes`, async () => {
    const { id } = await store.addEvent({ body: Buffer.alloc(0), ...(contentType ? { contentType } : {}) })
    const answer = await app.inject({ url: `/v1/events/${id}/payload`, headers: adminHeaders })
    assert.deepEqual([answer.statusCode, answer.rawPayload.length], [200, 0])
    assert.equal(answer.headers['content-type'], 'application/octet-stream')
  })
}

test('events are listed by page and filter', async () => {
  const first = await store.addEvent({ type: 'order.paid', subject: 's' })
  const second = await store.addEvent({ type: 'order.paid' })
  await store.addEvent({ type: 'order.created' })
  const page = await get('/v1/events?type=order.paid&limit=1')
  assert.deepEqual(
    page.body.items.map((item: { eventId: string }) => item.eventId),
    [second.id],
  )
  const next = await get(`/v1/events?type=order.paid&limit=1&cursor=${page.body.nextCursor}`)
  assert.deepEqual([next.body.items[0].eventId, next.body.nextCursor], [first.id, null])
  const since = new Date(Date.now() + 3_600_000).toISOString()
  assert.deepEqual((await get(`/v1/events?from=${since}`)).body, { items: [], nextCursor: null })
})

for (const query of [
  'status=GONE',
  'from=yesterday',
  'limit=501',
  'limit=0',
  'cursor=x',
  'cursor=eyJpZCI6MX0',
  'nope=1',
]) {
  test(`a list with ${query} is refused`, async () => {
    const { status, body } = await get(`/v1/events?${query}`)
    assert.deepEqual([status, body.code], [400, 'invalid_request'])
  })
}

test('no cursor that was made up reaches the store', async () => {
  const made = [
    { id: 'x' },
    { seq: 1e300 },
    { seq: -1 },
    { seq: 1.5 },
    [],
    null,
    { seq: 1, integrationId: 1e12 },
  ]
  for (const position of made) {
    const cursor = Buffer.from(JSON.stringify(position)).toString('base64url')
    for (const list of ['events', 'deliveries']) {
      assert.equal((await get(`/v1/${list}?cursor=${cursor}`)).status, 400, JSON.stringify(position))
    }
  }
})

test('deliveries are listed, also those of a deleted integration', async () => {
  const gone = await store.addIntegration('gone')
  await store.pool.query('update hub.integrations set deleted_at = now() where id = $1', [gone])
  const event = await store.addEnded([gone, parkingId], 'delivered')
  const all = await get('/v1/deliveries')
  assert.deepEqual(
    all.body.items.map((item: { integration: string; status: string; type: string }) => [
      item.integration,
      item.status,
      item.type,
    ]),
    [
      ['gone', 'DELIVERED', 'order.created'],
      ['parking', 'DELIVERED', 'order.created'],
    ],
  )
  const ofGone = await get('/v1/deliveries?integration=gone&status=DELIVERED')
  assert.deepEqual(
    ofGone.body.items.map((item: { eventId: string }) => item.eventId),
    [event.id],
  )
  const unknown = await get('/v1/deliveries?integration=never')
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'unknown_integration'])
})

test('a list wants a key that may read', async () => {
  for (const url of [
    '/v1/events',
    '/v1/deliveries',
    `/v1/events/${createEventId(0, randomBytes(10))}/payload`,
  ]) {
    assert.equal((await app.inject({ url })).statusCode, 401)
  }
})
