import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { formatDeliveryId } from '../../core/ids.ts'
import { Acting } from '../../engine/acting.ts'
import { Telemetry } from '../../engine/telemetry.ts'
import { billingId, daysAgo, TestStore, type SeededEvent } from '../../testing/store.ts'
import type { App } from '../app.ts'
import { adminHeaders, buildTestApp, fakeHub } from '../testing.ts'

let store: TestStore
let app: App

before(async () => {
  store = await TestStore.create()
  const holder = { epoch: 1, isInFlight: () => false, release: async () => [], wake: () => undefined }
  const telemetry = new Telemetry((error) => assert.fail(String(error)))
  const acting = new Acting({ pool: store.pool, nodeKey: 'node', holder, telemetry })
  app = buildTestApp(fakeHub({ pool: store.pool, acting }))
})
beforeEach(() => store.empty())
after(async () => {
  await app.close()
  await store.close()
})

const idOf = ({ id, seq }: SeededEvent) => formatDeliveryId({ eventId: id, integrationId: billingId, seq })

async function call(method: 'GET' | 'POST', url: string, payload?: object) {
  const answer = await app.inject({
    method,
    url: `/v1/deliveries/${url}`,
    headers: adminHeaders,
    ...(payload ? { payload } : {}),
  })
  return { status: answer.statusCode, body: answer.json() }
}

test('a delivery is shown with its attempts', async () => {
  const event = await store.addDead([billingId], {
    attempts: 1,
    error: 'boom',
    errorClass: 'reset',
    httpStatus: 503,
  })
  const { status, body } = await call('GET', idOf(event))
  assert.equal(status, 200)
  assert.deepEqual(
    [
      body.deliveryId,
      body.eventId,
      body.integration,
      body.status,
      body.attemptCount,
      body.lastError,
      body.errorClass,
    ],
    [idOf(event), event.id, 'billing', 'DEAD', 1, 'boom', 'reset'],
  )
  const [{ startedAt, ...attempt }] = body.attempts
  assert.ok(Date.parse(startedAt))
  assert.deepEqual(attempt, {
    n: 1,
    durationMs: 5,
    outcome: 'failed',
    counted: true,
    httpStatus: null,
    errorClass: 'reset',
    error: 'boom',
    responseBody: null,
  })
})

test('what a target answered is shown as text, whatever it is', async () => {
  const event = await store.addEvent({ routes: [billingId] })
  const responseBody = Buffer.from('caf\xe9', 'latin1')
  await store.addAttempt({ ...event, integrationId: billingId, ended: 'delivered', responseBody })
  assert.equal((await call('GET', idOf(event))).body.attempts[0].responseBody, 'caf\uFFFD')
})

test('a retry answers with the delivery as it is then', async () => {
  const event = await store.addDead([billingId])
  const { status, body } = await call('POST', `${idOf(event)}/retry`)
  assert.deepEqual([status, body.status, body.deliveryId], [200, 'PENDING', idOf(event)])
})

test('a note is kept with who wrote it', async () => {
  const event = await store.addDead([billingId], { state: 'manual' })
  const { body } = await call('POST', `${idOf(event)}/resolve`, { note: 'sent by mail' })
  assert.deepEqual([body.status, body.lastError, body.endedAt !== null], ['DELIVERED', 'sent by mail', true])
  const { rows } = await store.pool.query('select actor, action, detail from hub.audit')
  assert.deepEqual(rows, [{ actor: 'admin', action: 'delivery.resolve', detail: { note: 'sent by mail' } }])
})

test('what ended first, or is in flight, is 409', async () => {
  const ended = await store.addEnded([billingId], 'delivered')
  const held = await store.addWaiting([billingId], { owner: 9, due: daysAgo(1) })
  for (const verb of ['retry', 'cancel', 'resolve']) {
    const afterEnd = await call('POST', `${idOf(ended)}/${verb}`)
    assert.deepEqual([afterEnd.status, afterEnd.body.code], [409, 'already_ended'])
    const inFlight = await call('POST', `${idOf(held)}/${verb}`)
    assert.deepEqual([inFlight.status, inFlight.body.code], [409, 'in_flight'])
  }
})

test('a delivery that is not there is 404', async () => {
  const event = await store.addEnded([billingId], 'delivered')
  for (const id of [`${event.id}.99.1`, `${event.id}.1.zzzzzzzzzz`, 'nonsense', event.id]) {
    assert.equal((await call('GET', id)).status, 404, id)
    assert.equal((await call('POST', `${id}/retry`)).status, 404, id)
  }
})

test('unknown fields are refused', async () => {
  const event = await store.addDead([billingId])
  const { status, body } = await call('POST', `${idOf(event)}/cancel`, { reason: 'x' })
  assert.deepEqual([status, body.code], [400, 'invalid_request'])
})
