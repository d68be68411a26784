import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { ReplayPlan } from '../core/replay.ts'
import { billingId, daysAgo, TestStore } from '../testing/store.ts'
import { alongSortedIndexes, transaction } from './database.ts'
import { walkPhase, type Met } from './replay-walks.ts'

let store: TestStore
before(async () => {
  store = await TestStore.create()
  await store.addDays(daysAgo(3), daysAgo(2))
})
beforeEach(() => store.empty())
after(() => store.close())

const filter = { errorClass: null, message: null, types: null }
const plan: ReplayPlan = {
  phases: [{ kind: 'history' }],
  filter: { ...filter, fromMs: daysAgo(2.5).getTime(), toMs: Date.now() + 60_000 },
  lastSeq: Number.MAX_SAFE_INTEGER,
  ratePerSecond: null,
}

function walk(position: string | null, count: number) {
  return transaction(
    store.pool,
    (client) => walkPhase(client, billingId, plan, { kind: 'history' }, position, count),
    `begin; ${alongSortedIndexes}`,
  )
}

const idsOf = (met: readonly Met[]) => met.map(({ eventId }) => eventId)

const keep = (id: string) =>
  store.pool.query('insert into hub.events_kept select * from hub.events where id = $1', [id])

// Seen to fail with: events that are kept not walked; one whose day is being dropped met twice.
test('history is what the log has and what is kept of dropped days, each once, oldest first', async () => {
  const early = await store.addEvent({ time: daysAgo(3) })
  const kept = await store.addEvent({ time: daysAgo(2) })
  const between = await store.addEvent({ time: daysAgo(1) })
  const dropping = await store.addEvent()
  for (const { id } of [early, kept, dropping]) await keep(id)
  await store.pool.query('delete from hub.events where id = $1', [kept.id])
  const history = [kept.id, between.id, dropping.id]
  for (const [index, id] of history.entries()) {
    const met = await walk(history[index - 1] ?? null, 1)
    assert.deepEqual(idsOf(met), [id])
  }
  assert.deepEqual(idsOf(await walk(null, 10)), history)
  assert.deepEqual(await walk(dropping.id, 1), [])
})
