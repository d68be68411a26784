import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { billingId, parkingId, TestStore } from '../testing/store.ts'
import { addToCounters, CounterChanges, type Change, type Side } from './counters.ts'
import { groupDeadLetters } from './dead-letter-groups.ts'
import { transaction } from './database.ts'
import { read } from './reading.ts'
import { findOldestWaiting, foldCounters, readCounts } from './statistics.ts'

let store: TestStore
before(async () => (store = await TestStore.create()))
beforeEach(() => store.empty())
after(() => store.close())

async function addCounts(integrationId: number, side: Side, change: Change, node = 'node'): Promise<void> {
  const changes = new CounterChanges()
  changes.add(integrationId, change)
  await transaction(store.pool, (client) => addToCounters(client, node, side, changes))
}

async function shiftMinutes(minutes: number): Promise<void> {
  await store.pool.query(`update hub.counters set minute = minute - ${minutes} * interval '1 minute'`)
}

test('counts are the sums over nodes, sides and minutes', async () => {
  await addCounts(billingId, 'ingest', { queued: 5, timed: 1 })
  await shiftMinutes(10)
  await addCounts(billingId, 'outcome', { queued: -3, delivered: 2, dead: 1, attempts: 4, failures: 2 })
  await addCounts(billingId, 'person', { dead: -1, cancelled: 1 })
  await addCounts(parkingId, 'ingest', { queued: 7 })
  const counts = await readCounts(store.pool, null)
  const { perSecond: _, ...billing } = counts.get(billingId) ?? assert.fail()
  const expected = {
    queued: 2,
    timed: 1,
    dead: 0,
    manual: 0,
    delivered: 2,
    cancelled: 1,
    attempts: 4,
    failures: 2,
  }
  assert.deepEqual(billing, { integrationId: billingId, ...expected })
  assert.equal(counts.get(parkingId)?.queued, 7)
  assert.deepEqual([...(await readCounts(store.pool, parkingId)).keys()], [parkingId])
})

test('rates are those of the last minute', async () => {
  await addCounts(billingId, 'outcome', { delivered: 6_000 })
  await shiftMinutes(2)
  assert.equal((await readCounts(store.pool, billingId)).get(billingId)?.perSecond.delivered, 0)
  await addCounts(billingId, 'outcome', { delivered: 600, attempts: 1_200, failures: 600 })
  await addCounts(billingId, 'ingest', { queued: 1_800 })
  await addCounts(billingId, 'person', { queued: 1_800 })
  const rates = (await readCounts(store.pool, billingId)).get(billingId)?.perSecond
  // The minute may have turned since.
  assert.ok(rates && rates.delivered > 9 && rates.delivered <= 10)
  assert.ok(rates.accepted > 28 && rates.accepted <= 30)
  assert.deepEqual([rates.attempts / rates.delivered, rates.failures / rates.delivered], [2, 1])
})

// Seen to fail with: sums of one row for each node that ever was.
test('old minutes are folded, step by step, without changing a sum', async () => {
  for (let round = 0; round < 5; round++) {
    await addCounts(billingId, 'ingest', { queued: 3 }, `node-${round}`)
    await addCounts(parkingId, 'outcome', { delivered: 1 })
    await shiftMinutes(10)
  }
  await store.pool.query(`update hub.counters set minute = '-infinity' where node_key = 'node-1'`)
  const sums = async () =>
    (
      await store.pool.query(
        'select integration_id, sum(queued), sum(delivered) from hub.counters group by 1 order by 1',
      )
    ).rows
  const expected = await sums()
  const folded: number[] = []
  for (let count = -1; count !== 0;) {
    count = await foldCounters(store.pool, 3)
    folded.push(count)
    assert.deepEqual(await sums(), expected)
  }
  assert.deepEqual(folded, [3, 3, 2, 0])
  const { rows } = await store.pool.query<{ count: number }>('select count(*) from hub.counters')
  assert.equal(rows[0]?.count, 4)
})

test('the oldest is the lowest seq, of any kind', async () => {
  const find = (fromSeq: number) =>
    read(store.pool, (client) => findOldestWaiting(client, billingId, fromSeq))
  assert.equal(await find(0), null)
  const first = await store.addWaiting([billingId], { due: new Date(Date.now() + 60_000) })
  const second = await store.addWaiting([billingId], { owner: 3 })
  await store.addWaiting([parkingId])
  assert.deepEqual(await find(0), { seq: first.seq, eventId: first.id })
  assert.deepEqual(await find(first.seq + 1), { seq: second.seq, eventId: second.id })
})

test('dead letters are grouped by cause, the largest group first', async () => {
  const diedAt = new Date('2026-01-01T00:00:00Z')
  for (let index = 0; index < 3; index++) {
    const letter = {
      errorClass: 'status',
      message: 'the target answered <n>',
      error: `the target answered 500${index}`,
    }
    await store.addDead([billingId], { ...letter, diedAt: new Date(diedAt.getTime() + index) })
  }
  await store.addDead([billingId, parkingId], { errorClass: 'reset', message: 'reset' })
  await store.addDead([billingId], {
    state: 'manual',
    errorClass: 'status',
    message: 'the target answered <n>',
  })
  const { groups, isComplete } = await read(store.pool, (client) => groupDeadLetters(client, billingId, 10))
  assert.equal(isComplete, true)
  assert.deepEqual(
    groups.map(({ state, errorClass, message, count }) => [state, errorClass, message, count]).slice(0, 1),
    [['dead', 'status', 'the target answered <n>', 3]],
  )
  assert.equal(groups.length, 3)
  assert.deepEqual([groups[0]?.firstAt, groups[0]?.lastAt], [diedAt, new Date(diedAt.getTime() + 2)])
  const all = await read(store.pool, (client) => groupDeadLetters(client, null, 2))
  assert.equal(all.groups.length, 2)
  assert.deepEqual(
    new Set(
      (await read(store.pool, (client) => groupDeadLetters(client, null, 10))).groups.map(
        ({ integration }) => integration,
      ),
    ),
    new Set(['billing', 'parking']),
  )
})
