import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../../packages/hub/src/testing/database.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { expectOk, type Json } from '../support/api.ts'
import { Cluster, type ClusterNode } from '../support/cluster.ts'
import { removeDataDirs } from '../support/hub-process.ts'
import { Sink, type Arrival } from '../support/sink.ts'

/** What was promised: a dead node's rows move again within this. */
const takeoverMs = 10_000

let database: TestDatabase
let sink: Sink
let cluster: Cluster
const arrivals: Arrival[] = []

before(async () => {
  sink = await Sink.start()
  sink.onArrival((arrival) => arrivals.push(arrival))
})
beforeEach(async () => {
  database = await createTestDatabase()
  cluster = new Cluster(database.url)
  arrivals.length = 0
})
afterEach(async () => {
  await cluster.end()
  await database.drop()
})
after(async () => {
  await sink.stop()
  removeDataDirs()
})

async function put(node: ClusterNode, policy: object = {}): Promise<void> {
  const target = { kind: 'http', url: sink.urlOf('target'), timeoutMs: 8_000 }
  expectOk(await node.api.put('/v1/integrations/target', { sources: ['hello'], ...policy, target }))
}

let sent = 0

async function send(node: ClusterNode, subject = 'any'): Promise<string> {
  const id = `event-${++sent}`
  const answer = await node.api.send('POST', '/v1/events', {
    headers: {
      ...{ 'ce-specversion': '1.0', 'ce-id': id, 'ce-source': 'hello', 'ce-type': 'thing.happened' },
      ...{ 'ce-subject': subject, 'content-type': 'text/plain' },
    },
    body: id,
  })
  return expectOk(answer).eventId as string
}

async function sendMany(node: ClusterNode, count: number): Promise<readonly string[]> {
  return Promise.all(Array.from({ length: count }, () => send(node)))
}

async function aliveAt(node: ClusterNode): Promise<readonly Json[]> {
  return expectOk(await node.api.get('/v1/nodes')).items.filter(({ alive }: Json) => alive)
}

async function untilDelivered(node: ClusterNode, ids: readonly string[], timeoutMs?: number): Promise<void> {
  for (const id of ids) {
    const isDelivered = async (): Promise<boolean> =>
      expectOk(await node.api.get(`/v1/events/${id}`)).status === 'DELIVERED'
    await until(`${id} is delivered`, isDelivered, timeoutMs)
  }
}

test('each node accepts and delivers, and nodes come and go without anybody', async () => {
  sink.behave('target', { status: 200 })
  const one = await cluster.add()
  await put(one)
  await untilDelivered(one, await sendMany(one, 20))
  const other = await cluster.add()
  const ids = [...(await sendMany(one, 20)), ...(await sendMany(other, 20))]
  await untilDelivered(other, ids)
  assert.equal((await aliveAt(one)).length, 2)
  const alive = await aliveAt(other)
  assert.deepEqual(
    alive.map(({ nodeId, self }) => [nodeId, self]),
    [
      [await one.id(), false],
      [await other.id(), true],
    ],
  )
  one.signal('SIGTERM')
  assert.equal((await one.hub.ended).code, 0)
  assert.equal((await aliveAt(other)).length, 1)
  await untilDelivered(other, await sendMany(other, 10))
  assert.equal(new Set(arrivals.map(({ eventId }) => eventId)).size, arrivals.length)
})

test('what is configured at one node is in force at the others within a second', async () => {
  sink.behave('target', { status: 200 })
  const [one, other] = [await cluster.add(), await cluster.add()]
  expectOk(await one.api.put('/v1/sources/shop', {}))
  const made = expectOk(await one.api.post('/v1/keys', { name: 'shop', role: 'source', source: 'shop' }))
  const madeAtMs = performance.now()
  const shop = other.api.as(made.key)
  await until('the key is known', async () => (await shop.post('/v1/events?type=a', {})).status === 202)
  const tookMs = performance.now() - madeAtMs
  assert.ok(tookMs < 1_000, `it took ${tookMs} ms`)

  await put(one, { sources: ['shop'] })
  const { eventId } = expectOk(await shop.post('/v1/events?type=a', {}))
  await untilDelivered(one, [eventId])
  assert.equal(arrivals.at(-1)?.eventId, eventId)
})

// Seen to fail with: dead nodes that nobody takes over.
test('what a killed node held moves within seconds', async () => {
  sink.behave('target', 'hang')
  const [one, other] = [await cluster.add(), await cluster.add()]
  await put(one)
  const ids = await sendMany(one, 60)
  await until('some are in flight', () => arrivals.length > 0)
  sink.behave('target', { status: 200 })
  await one.kill()
  const killedAtMs = performance.now()
  await untilDelivered(other, ids, takeoverMs)
  assert.ok(performance.now() - killedAtMs < takeoverMs)
  one.start()
  await one.ready()
  await untilDelivered(one, await sendMany(one, 5))
})

// Seen to fail with: a deadline that is not asked before sending.
test('a node that slept past its lease sends nothing of what it held and ends nothing', async () => {
  sink.behave('target', 'hang')
  const [one, other] = [await cluster.add(), await cluster.add()]
  await put(one, { concurrency: 4 })
  const ids = await sendMany(one, 20)
  await until('its half of the four is in flight', () => sink.open === 2)
  one.signal('SIGSTOP')
  const hung = arrivals.length
  sink.behave('target', { status: 200 })
  await untilDelivered(other, ids, takeoverMs)
  assert.equal(arrivals.length, hung + ids.length)

  one.signal('SIGCONT')
  await one.ready()
  const later = await sendMany(one, 10)
  await untilDelivered(one, later)
  assert.equal(arrivals.length, hung + ids.length + later.length)
  for (const id of ids) {
    const { deliveries } = expectOk(await one.api.get(`/v1/events/${id}`))
    const path = `/v1/deliveries/${deliveries.find(({ integration }: Json) => integration === 'target').deliveryId}`
    assert.equal(expectOk(await one.api.get(path)).status, 'DELIVERED')
  }
})

// Seen to fail with: a hand-over that does not ask what the other node accepted before.
test('an order holds whichever nodes its events came through', async () => {
  let requests = 0
  sink.behave('target', () => ({ status: ++requests % 7 === 0 ? 500 : 200, afterMs: requests % 3 }))
  const nodes = [await cluster.add(), await cluster.add()]
  const [one] = nodes as [ClusterNode]
  await put(one, { ordering: 'subject', retry: { delaysMs: [20], maxAttempts: 50 } })
  const bySubject = new Map(['a', 'b', 'c'].map((subject) => [subject, [] as string[]]))
  await Promise.all(
    [...bySubject].map(async ([subject, ids]) => {
      for (let n = 0; n < 40; n++) ids.push(await send(nodes[n % 2] ?? one, subject))
    }),
  )
  const all = [...bySubject.values()].flat()
  await untilDelivered(one, all)
  for (const ids of bySubject.values()) {
    const order = arrivals.map(({ eventId }) => eventId).filter((id) => ids.includes(id))
    const firsts = order.filter((id, index) => order.indexOf(id) === index)
    assert.deepEqual(firsts, ids)
  }
})
