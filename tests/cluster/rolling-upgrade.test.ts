import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../../packages/hub/src/testing/database.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Load } from '../long/crash/load.ts'
import { behaveAsUsual, configure, orderedTargets } from '../long/crash/world.ts'
import { AnyNode } from '../long/chaos/any-node.ts'
import { expectOk, type Json } from '../support/api.ts'
import { Auditor } from '../support/auditor.ts'
import { Cluster, type ClusterNode } from '../support/cluster.ts'
import { checkOut, whyMissing } from '../support/earlier.ts'
import { removeDataDirs } from '../support/hub-process.ts'
import { Random } from '../support/random.ts'
import { isTaken, Sink } from '../support/sink.ts'
import { readStoreTruth } from '../support/store-truth.ts'

/**
 * "Describe the outbox to who uses and operates it", of 2026-11-21: two migrations ago, and before nodes shared limits and
 * circuits, before flushes overlapped, before the broker.
 */
const earlierCommit = '7a9efada6152e2a7a95cbbc2884491dca35effcf'
const eventsPerSecond = 150
/** On a machine that is busy with other tests; `npm run test:takeover` measures it. */
const takeoverMs = 20_000

suite('nodes of an earlier version', { skip: whyMissing(earlierCommit) }, () => {
  let earlier: string
  let sink: Sink
  let database: TestDatabase
  let cluster: Cluster

  before(async () => {
    earlier = checkOut(earlierCommit)
    sink = await Sink.start()
  })
  beforeEach(async () => {
    database = await createTestDatabase()
    cluster = new Cluster(database.url)
  })
  afterEach(async () => {
    await cluster.end()
    await database.drop()
  })
  after(async () => {
    await sink.stop()
    fs.rmSync(earlier, { recursive: true })
    removeDataDirs()
  })

  const startTwo = async (): Promise<readonly [ClusterNode, ClusterNode]> => [
    await cluster.add({}, earlier),
    await cluster.add({}, earlier),
  ]

  /** Stops it as an operator does, and starts the present version in its place. */
  async function replace(node: ClusterNode): Promise<void> {
    node.signal('SIGTERM')
    assert.equal((await node.hub.ended).code, 0)
    node.start()
    await node.ready()
  }

  /** Deliveries that each node has made so far, by the key that it keeps over restarts. */
  async function deliveredBy(): Promise<ReadonlyMap<string, number>> {
    const client = new pg.Client(database.url)
    await client.connect()
    const { rows } = await client.query<{ node: string; delivered: number }>(
      'select node_key as node, sum(delivered)::int as delivered from hub.counters group by node_key',
    )
    await client.end()
    return new Map(rows.map(({ node, delivered }) => [node, delivered]))
  }

  /** Waits until each of the two has delivered a good deal more. */
  async function untilBothDeliver(): Promise<void> {
    const soFar = await deliveredBy()
    await until('both deliver', async () => {
      const more = [...(await deliveredBy())].filter(([node, count]) => count > (soFar.get(node) ?? 0) + 100)
      return more.length === 2
    })
  }

  // Seen to fail with: a migration that ends the epochs of the nodes that run.
  test('are replaced one after the other under load: nothing is lost, refused for good or out of order', async () => {
    const nodes = await startTwo()
    const auditor = new Auditor({ ordered: orderedTargets })
    const stopListening = sink.onArrival((arrival, answer) =>
      auditor.got({ ...arrival, taken: isTaken(answer) }),
    )
    const keys = await configure(nodes[0].api, sink)
    behaveAsUsual(sink, new Random(5))
    const api = new AnyNode(nodes.map((node) => node.api))
    await api.know(Object.values(keys))
    const load = new Load({ api, keys, auditor, eventsPerSecond, seed: 5 })
    load.start(1)
    await untilBothDeliver()
    await replace(nodes[0])
    await untilBothDeliver()
    await replace(nodes[1])
    await untilBothDeliver()
    await load.stop()
    await until('everything has arrived', () => auditor.missing === 0, 60_000)
    stopListening()

    const { findings, accepted } = auditor.judge()
    assert.deepEqual(findings, [])
    const store = { connectionString: database.url }
    await until('the last outcomes are written', async () => (await readStoreTruth(store)).queued === 0)
    const truth = await readStoreTruth(store)
    assert.deepEqual([truth.events, truth.notEndedOnce, truth.driftedCounters], [accepted, 0, []])
  })

  for (const killed of ['earlier', 'present'] as const) {
    test(`work beside present ones: when the ${killed} one is killed, the other delivers what it held`, async () => {
      const [former, node] = await startTwo()
      await replace(node)
      const [victim, other] = killed === 'earlier' ? [former, node] : [node, former]
      const target = { kind: 'http', url: sink.urlOf('busy') }
      const policy = { sources: ['hello'], target }
      expectOk(await former.api.put('/v1/integrations/busy', policy))
      sink.behave('busy', 'hang')
      const path = '/v1/events?source=hello&type=thing.happened'
      const sent = await Promise.all(Array.from({ length: 60 }, (_, n) => victim.api.post(path, { n })))
      const ids = sent.map((answer): string => expectOk(answer).eventId)
      await until('some are in flight', () => sink.open > 0)
      sink.behave('busy', { status: 200 })
      await victim.kill()
      const isDelivered = async (id: string): Promise<boolean> => {
        const { deliveries } = expectOk(await other.api.get(`/v1/events/${id}`))
        return deliveries.every(({ status }: Json) => status === 'DELIVERED')
      }
      const deadlineMs = performance.now() + takeoverMs
      for (const id of ids)
        await until('it is delivered', () => isDelivered(id), deadlineMs - performance.now())
    })
  }

  test('do not start any more where a present one has been, and say so', async () => {
    const [former, node] = await startTwo()
    await replace(node)
    former.signal('SIGTERM')
    await former.hub.ended
    former.start({}, earlier)
    const { code, stderr } = await former.hub.ended
    assert.equal(code, 1)
    assert.match(stderr, /^The database was written by a newer Integration Hub \(schema \d+, .*\n$/)
  })
})
