import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { forcedCircuit } from '../../core/circuit.ts'
import { formatDeliveryId } from '../../core/ids.ts'
import { indexCatalog } from '../../engine/live-catalog.ts'
import { Statistics } from '../../engine/statistics.ts'
import { testIntegration } from '../../testing/integration.ts'
import { billingId, parkingId, TestStore } from '../../testing/store.ts'
import type { App } from '../app.ts'
import { adminHeaders, buildTestApp, fakeHub } from '../testing.ts'

const inspected = [3, 2, 1].map((n) => ({
  n,
  receivedAt: new Date(),
  integration: n === 2 ? 'parking' : 'billing',
  eventId: `event-${n}`,
  deliveryId: `delivery-${n}`,
  method: 'POST',
  url: 'http://inspect.invalid/',
  headers: [],
  body: Buffer.from('{}'),
}))

let store: TestStore
let app: App

before(async () => {
  store = await TestStore.create()
  const integrations = [testIntegration(billingId, 'billing'), testIntegration(parkingId, 'parking')]
  const current = indexCatalog({ version: 1, sources: [], integrations, keys: [] })
  const statistics = new Statistics({
    pool: store.pool,
    integrations: () => integrations,
    laneState: () => ({ circuit: forcedCircuit('open', 0), inFlight: 0, inMemory: 0, rateLimited: false }),
    latencies: { latencies: () => ({ deliveryMs: null, attemptMs: { p50: 1, p95: 2, p99: 3 } }) },
    oldest: { ageMs: () => Promise.resolve(1_234) },
    now: () => new Date(),
  })
  const catalog = { current, refresh: () => Promise.resolve() }
  app = buildTestApp(
    fakeHub({
      pool: store.pool,
      statistics,
      catalog,
      nodeKey: 'one',
      inspected: { recent: () => inspected },
    }),
  )
})
beforeEach(() => store.empty())
after(async () => {
  await app.close()
  await store.close()
})

async function get(url: string) {
  const answer = await app.inject({ url, headers: adminHeaders })
  return { status: answer.statusCode, body: answer.json() }
}

test('an integration shows how it fares', async () => {
  await store.addWaiting([billingId])
  await store.addDead([billingId])
  const { perSecond, ...body } = (await get('/v1/integrations/billing/stats')).body
  assert.deepEqual(Object.keys(perSecond), ['accepted', 'delivered', 'attempts', 'failures'])
  assert.deepEqual(body, {
    integration: 'billing',
    backlog: 1,
    waiting: 1,
    processing: 0,
    delivered: 0,
    dead: 1,
    manual: 0,
    cancelled: 0,
    oldestPendingAgeMs: 1_234,
    deliveryMs: null,
    attemptMs: { p50: 1, p95: 2, p99: 3 },
    paused: false,
    circuit: {
      state: 'open',
      forced: true,
      reason: 'opened by a person',
      since: '1970-01-01T00:00:00.000Z',
      nextProbeAt: null,
    },
  })
  assert.equal((await get('/v1/integrations/nobody/stats')).status, 404)
})

test('all of them are shown with their sum', async () => {
  await store.addWaiting([billingId, parkingId])
  const { body } = await get('/v1/stats')
  const names = body.integrations.map(({ integration }: { integration: string }) => integration)
  assert.deepEqual([body.backlog, names], [2, ['billing', 'parking']])
})

test('dead letters are shown by cause, with an example', async () => {
  const event = await store.addDead([billingId], {
    state: 'manual',
    errorClass: 'reset',
    message: 'reset by <n>',
  })
  const { body } = await get('/v1/dead-letters/groups?integration=billing')
  const [{ firstAt, lastAt, ...group }] = body.items
  assert.equal(firstAt, lastAt)
  assert.deepEqual(group, {
    integration: 'billing',
    status: 'MANUAL',
    errorClass: 'reset',
    message: 'reset by <n>',
    count: 1,
    exampleDeliveryId: formatDeliveryId({ eventId: event.id, integrationId: billingId, seq: event.seq }),
  })
  assert.equal(body.complete, true)
  assert.deepEqual((await get('/v1/dead-letters/groups?integration=parking')).body.items, [])
})

const addNodes = () =>
  store.pool.query(`
    insert into hub.nodes (epoch, node_key, lease_until, started_at, host, version)
    values (1, 'one', now() + interval '1 minute', '2026-01-01', 'a', '1.0.0'),
           (2, 'two', now() - interval '1 minute', '2026-01-01', 'b', '1.0.0')`)

test('nodes are shown, and which of them answers', async () => {
  await addNodes()
  const { body } = await get('/v1/nodes')
  const [one, two] = body.items
  assert.deepEqual([one.nodeId, one.host, one.alive, one.self], ['one', 'a', true, true])
  assert.deepEqual([two.nodeId, two.alive, two.self], ['two', false, false])
  assert.equal(body.nextCursor, null)
})

// Seen to fail with: lists that take no limit, or another one than the others, and do not say where they go on.
test('nodes and inspected requests are listed page by page', async () => {
  await addNodes()
  const idOf = ({ nodeId, eventId }: { nodeId?: string; eventId?: string }) => nodeId ?? eventId
  const lists = [
    { url: '/v1/nodes?', all: ['one', 'two'] },
    { url: '/v1/inspected?', all: ['event-3', 'event-2', 'event-1'] },
    { url: '/v1/inspected?integration=billing&', all: ['event-3', 'event-1'] },
  ]
  for (const { url, all } of lists) {
    const whole = (await get(`${url}limit=500`)).body
    assert.deepEqual([whole.items.map(idOf), whole.nextCursor], [all, null])
    const found: unknown[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await get(`${url}limit=1${cursor && `&cursor=${cursor}`}`)
      found.push(...body.items.map(idOf))
      cursor = body.nextCursor as string | null
    }
    assert.deepEqual(found, all)
    for (const wrong of ['limit=0', 'limit=501', 'cursor=x'])
      assert.equal((await get(url + wrong)).status, 400)
  }
})
