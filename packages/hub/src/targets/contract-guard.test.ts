import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sampleEvent } from '../core/event-testing.ts'
import type { Delivery } from './target.ts'
import { answering, deliverOne, httpTarget, ok, sampleDelivery } from './testing.ts'

const schema = {
  type: 'object',
  required: ['orderId'],
  properties: { orderId: { type: 'string' }, note: { type: 'string', pattern: '^(a+)+$' } },
}

function contract(content: object = { 'application/json': { schema } }, parameters: object[] = []): object {
  const operation = { operationId: 'prepareShipping', parameters, requestBody: { required: true, content } }
  const document = JSON.stringify({ openapi: '3.1.0', paths: { '/shipments': { post: operation } } })
  return { document, operationId: 'prepareShipping' }
}

function carrying(body: string, parts: Partial<Delivery['event']> = {}): Delivery {
  return sampleDelivery({ event: sampleEvent({ body: Buffer.from(body), ...parts }) })
}

async function guarded(t: TestContext, target: object = {}) {
  const server = await answering(t, ok)
  return { server, target: httpTarget(t, server.url, { openapi: contract(), ...target }) }
}

test('what keeps to the contract is delivered', async (t) => {
  const { target } = await guarded(t)
  assert.equal((await deliverOne(target, carrying('{"orderId":"1"}'))).result, 'delivered')
})

test('what breaks it never leaves, and is final', async (t) => {
  const { server, target } = await guarded(t)
  const broken: [Delivery, RegExp][] = [
    [
      carrying('{"orderId":1}'),
      /^The request to prepareShipping has a body that breaks it: \/orderId must be string\.$/,
    ],
    [carrying('orderId=1'), /has a body that is not JSON/],
    [carrying(''), /has no body/],
    [
      carrying('{"orderId":"1"}', { contentType: 'text/plain' }),
      /is text\/plain; the operation takes application\/json/,
    ],
  ]
  for (const [delivery, error] of broken) {
    const outcome = await deliverOne(target, delivery)
    assert.equal(outcome.result, 'permanent')
    assert.equal(outcome.errorClass, 'contract')
    assert.equal(outcome.httpStatus, null)
    assert.match(outcome.error ?? '', error)
  }
  assert.equal(server.connections(), 0)
  const shown = await target.exchange(carrying('{}'), new AbortController().signal)
  assert.equal(shown.outcome.errorClass, 'contract')
})

test('no token is asked for what does not leave', async (t) => {
  const endpoint = await answering(t, ok)
  const client = { clientId: 'hub', clientSecret: 's' }
  const auth = { kind: 'oauth2-client-credentials', tokenUrl: endpoint.url, ...client }
  const { target } = await guarded(t, { auth })
  assert.equal((await deliverOne(target, carrying('{}'))).errorClass, 'contract')
  assert.equal(endpoint.connections(), 0)
})

test('the content type that is sent counts, not that of the event', async (t) => {
  const { target } = await guarded(t, { envelope: 'none', headers: { 'Content-Type': 'application/json' } })
  const delivery = carrying('{"orderId":"1"}', { contentType: 'text/plain' })
  assert.equal((await deliverOne(target, delivery)).result, 'delivered')
})

test('a required header may be configured, kept from the sender, or of the envelope', async (t) => {
  const parameters = ['x-tenant', 'Webhook-Id'].map((name) => ({ in: 'header', name, required: true }))
  const openapi = contract({ 'application/json': {} }, parameters)
  const { target } = await guarded(t, { openapi })
  const without = await deliverOne(target, carrying('{}'))
  assert.equal(without.error, 'The request to prepareShipping lacks the header "x-tenant".')
  const kept = await deliverOne(target, carrying('{}', { headers: { 'x-tenant': 'a' } }))
  assert.equal(kept.result, 'delivered')
  const { target: configured } = await guarded(t, { openapi, headers: { 'X-Tenant': 'a' } })
  assert.equal((await deliverOne(configured, carrying('{}'))).result, 'delivered')
})

test('what cannot be checked in time does not leave either, and may be tried again', async (t) => {
  const { server, target } = await guarded(t)
  const outcome = await deliverOne(target, carrying(`{"orderId":"1","note":"${'a'.repeat(60)}b"}`))
  assert.equal(outcome.result, 'failed')
  assert.equal(outcome.errorClass, 'misconfigured')
  assert.match(outcome.error ?? '', /could not be checked: that took longer than 200 ms/)
  assert.equal(server.connections(), 0)
})

test('a document that got past its checks and cannot be used fails each delivery with a sentence', async (t) => {
  const { target } = await guarded(t, { openapi: { document: '{}', operationId: 'x' } })
  const outcome = await deliverOne(target, carrying('{}'))
  assert.equal(outcome.errorClass, 'misconfigured')
  assert.match(outcome.error ?? '', /its OpenAPI document must say "openapi"/)
})
