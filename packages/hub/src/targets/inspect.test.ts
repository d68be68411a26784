import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { sampleEvent } from '../core/event-testing.ts'
import { createTarget } from './index.ts'
import { createInspector } from './inspector.ts'
import { targetSuite } from './target.testsuite.ts'
import { deliverOne, sampleDelivery, sampleDeps, sampleIntegration, testSecret } from './testing.ts'

function createInspect() {
  const inspector = createInspector()
  const target = createTarget(sampleIntegration({ kind: 'inspect' }), sampleDeps({ inspector }))
  return { inspector, target }
}

targetSuite('inspect', () => {
  const { inspector, target } = createInspect()
  return Promise.resolve({
    target,
    arrived: () =>
      inspector
        .recent()
        .map(({ deliveryId }) => deliveryId)
        .toReversed(),
  })
})

test('a request is shown whole, and its signature verifies', async () => {
  const { inspector, target } = createInspect()
  const body = Buffer.from('{"amount": 1.10}')
  await deliverOne(target, sampleDelivery({ event: sampleEvent({ body, headers: { 'x-okdesk': 'new' } }) }))
  const [request] = inspector.recent()
  assert.ok(request)
  assert.equal(request.integration, 'okdesk-to-billing')
  assert.equal(request.eventId, sampleEvent().id)
  assert.equal(request.method, 'POST')
  assert.deepEqual(request.body, body)
  const headers = Object.fromEntries(request.headers)
  assert.equal(headers['x-okdesk'], 'new')
  assert.equal(headers['content-type'], 'application/json')
  assert.doesNotThrow(() => new Webhook(testSecret).verify(request.body, headers))
})

test('the last 50 are kept, newest first', async () => {
  const { inspector, target } = createInspect()
  for (let index = 1; index <= 60; index += 1)
    await deliverOne(target, sampleDelivery({ deliveryId: String(index) }))
  const kept = inspector.recent().map(({ deliveryId }) => Number(deliveryId))
  assert.deepEqual(
    kept,
    Array.from({ length: 50 }, (_, index) => 60 - index),
  )
})

test('large bodies push older requests out, but the newest is always there', async () => {
  const { inspector, target } = createInspect()
  const ofSize = (mebibytes: number) => sampleEvent({ body: Buffer.alloc(mebibytes * 1_048_576) })
  for (const deliveryId of ['a', 'b', 'c', 'd', 'e'])
    await deliverOne(target, sampleDelivery({ deliveryId, event: ofSize(1) }))
  assert.deepEqual(
    inspector.recent().map(({ deliveryId }) => deliveryId),
    ['e', 'd', 'c', 'b'],
  )
  await deliverOne(target, sampleDelivery({ deliveryId: 'huge', event: ofSize(9) }))
  assert.deepEqual(
    inspector.recent().map(({ deliveryId }) => deliveryId),
    ['huge'],
  )
})
