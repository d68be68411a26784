import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { indexCatalog } from '../../engine/live-catalog.ts'
import { Replays } from '../../engine/replays.ts'
import { Telemetry } from '../../engine/telemetry.ts'
import { testIntegration } from '../../testing/integration.ts'
import { billingId, TestStore } from '../../testing/store.ts'
import type { App } from '../app.ts'
import { adminHeaders, buildTestApp, fakeHub } from '../testing.ts'

let store: TestStore
let app: App
let runner: Replays
let isFlying = false

before(async () => {
  store = await TestStore.create()
  const billing = testIntegration(billingId, 'billing')
  const current = indexCatalog({ version: 1, sources: [], integrations: [billing], keys: [] })
  const catalog = { current, refresh: () => Promise.resolve() }
  runner = new Replays({
    pool: store.pool,
    nodeKey: 'node',
    catalog,
    holder: { isInFlight: () => isFlying, recall: async () => undefined, wake: () => undefined },
    telemetry: new Telemetry((error) => assert.fail(String(error))),
  })
  app = buildTestApp(fakeHub({ pool: store.pool, replays: runner, catalog }))
})
beforeEach(() => store.empty())
after(async () => {
  await app.close()
  await store.close()
})

async function call(method: 'GET' | 'POST', url: string, payload?: object) {
  const answer = await app.inject({
    method,
    url: `/v1/replays${url}`,
    headers: adminHeaders,
    ...(payload ? { payload } : {}),
  })
  return { status: answer.statusCode, body: answer.json() }
}

test('a dry run counts and changes nothing', async () => {
  await store.addDead([billingId])
  const { status, body } = await call('POST', '', { integration: 'billing', status: 'DEAD', dryRun: true })
  assert.deepEqual([status, body], [200, { count: 1, complete: true }])
  assert.deepEqual((await call('GET', '')).body.items, [])
})

test('a replay is accepted, shown with its progress, and listed', async () => {
  await store.addDead([billingId])
  await store.addDead([billingId])
  const asked = { integration: 'billing', status: 'DEAD', ratePerSecond: 1 }
  const { status, body } = await call('POST', '', asked)
  assert.equal(status, 202)
  await runner.tick()
  const { body: running } = await call('GET', `/${body.replayId}`)
  const { createdAt, ...rest } = running
  assert.ok(Date.parse(createdAt))
  assert.deepEqual(rest, {
    replayId: body.replayId,
    integration: 'billing',
    request: asked,
    state: 'running',
    total: 2,
    started: 1,
    skipped: 0,
    remaining: 1,
    endedAt: null,
  })
  const second = await call('POST', '', asked)
  const ids = (page: { body: { items: { replayId: string }[] } }) =>
    page.body.items.map(({ replayId }) => replayId)
  const page = await call('GET', '?limit=1&integration=billing')
  assert.deepEqual(ids(page), [second.body.replayId])
  assert.deepEqual(ids(await call('GET', `?cursor=${page.body.nextCursor}`)), [body.replayId])
})

test('a replay is cancelled once', async () => {
  await store.addDead([billingId])
  const { body } = await call('POST', '', { integration: 'billing', status: 'DEAD' })
  const cancelled = await call('POST', `/${body.replayId}/cancel`)
  assert.deepEqual([cancelled.status, cancelled.body.state], [200, 'cancelled'])
  const again = await call('POST', `/${body.replayId}/cancel`)
  assert.deepEqual([again.status, again.body.code], [409, 'already_ended'])
})

// Seen to fail with: what is done refused, whatever of it waits; what is in flight taken for what can be taken back.
test('a replay that is done is cancelled as long as something of it has not been sent', async () => {
  await store.addDead([billingId])
  const { body } = await call('POST', '', { integration: 'billing', status: 'DEAD' })
  await runner.tick()
  const { state, started, endedAt } = (await call('GET', `/${body.replayId}`)).body
  assert.deepEqual([state, started, endedAt === null], ['done', 1, false])
  isFlying = true
  const flying = await call('POST', `/${body.replayId}/cancel`)
  assert.deepEqual([flying.status, flying.body.code], [409, 'already_ended'])
  isFlying = false
  const cancelled = await call('POST', `/${body.replayId}/cancel`)
  assert.deepEqual([cancelled.status, cancelled.body.state, cancelled.body.endedAt], [200, 'cancelled', null])
  await runner.tick()
  const over = (await call('GET', `/${body.replayId}`)).body
  assert.deepEqual([over.state, over.started, over.endedAt === null], ['cancelled', 0, false])
  assert.deepEqual(await store.counters(billingId), { dead: 1 })
  assert.equal((await call('POST', `/${body.replayId}/cancel`)).status, 409)
})

test('what is wrong with a request is said', async () => {
  const nothing = await call('POST', '', { integration: 'billing' })
  assert.deepEqual([nothing.status, nothing.body.code], [400, 'invalid_request'])
  assert.match(nothing.body.detail, /what to replay/)
  const unknown = await call('POST', '', { integration: 'nobody', status: 'DEAD' })
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'unknown_integration'])
  const status = await call('POST', '', { integration: 'billing', status: 'PROCESSING' })
  assert.deepEqual([status.status, status.body.errors[0].path], [400, '/status'])
})

test('a replay that is not there is 404', async () => {
  for (const id of ['999999', 'x', '9'.repeat(30), '-1']) {
    assert.equal((await call('GET', `/${id}`)).status, 404)
    assert.equal((await call('POST', `/${id}/cancel`)).status, 404)
  }
})
