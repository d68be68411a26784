import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestStore } from '../testing/store.ts'
import { PostgresQueue } from './postgres.ts'
import { testReadyQueue } from './queue.testsuite.ts'
import { insert, lane, TestNode } from './ready-queue-testing.ts'

testReadyQueue('ready work in PostgreSQL', (pool) => new PostgresQueue(pool, 50))

suite('looks at what waits in PostgreSQL', () => {
  let store: TestStore

  before(async () => (store = await TestStore.create()))
  after(() => store.close())

  // Seen to fail (all looks failed as the first did) with: the time of the next one set only when one succeeds.
  test('a look from the beginning that fails keeps nobody from looking past the marks', async () => {
    const node = await TestNode.begin(store.pool, 'node', new PostgresQueue(store.pool, 60_000))
    await insert(store.pool, { seq: 10 })
    assert.deepEqual(await node.claimFresh(1), [10])
    await insert(store.pool, { seq: 5 })
    await assert.rejects(node.queue.waiting([{ ...lane, integrationId: NaN }]))
    assert.equal((await node.queue.waiting([lane]))[0]?.hasFresh, false)
  })

  // Seen to fail with: the mark left where it was, before all that waits for its time.
  test('what waits for its time is walked once, and what commits late is found behind it', async () => {
    const node = await TestNode.begin(store.pool, 'other', new PostgresQueue(store.pool, 60_000))
    await store.empty()
    await store.pool.query(
      `insert into hub.queue (integration_id, seq, event_id, body_bytes, due)
       select $1, seq, gen_random_uuid(), 2, now() + interval '1 day' from generate_series(10, 20000) as seq`,
      [lane.integrationId],
    )
    const hasFresh = async () => (await node.queue.waiting([lane]))[0]?.hasFresh
    assert.equal(await hasFresh(), false)
    await insert(store.pool, { seq: 5 })
    assert.equal(await hasFresh(), false)
    await insert(store.pool, { seq: 20_001 })
    assert.equal(await hasFresh(), true)
    await store.pool.query('delete from hub.queue where seq > 12000')
    await insert(store.pool, { seq: 12_001 })
    assert.equal(await hasFresh(), true)
  })
})
