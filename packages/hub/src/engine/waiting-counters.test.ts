import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { ReplayRequest } from '../core/replay-request.ts'
import { check } from '../core/schema.ts'
import { isTimed } from '../store/queue.ts'
import { testIntegration } from '../testing/integration.ts'
import { billingId, daysAgo, TestStore, type SeededEvent } from '../testing/store.ts'
import { Acting } from './acting.ts'
import { cancelBacklogOf } from './deleted-backlogs.ts'
import { expireWaiting } from './expiry.ts'
import { indexCatalog } from './live-catalog.ts'
import { Replays } from './replays.ts'
import { Telemetry } from './telemetry.ts'

const actor = 'key:ops'
const nodeKey = 'node'
const tomorrow = daysAgo(-1)

let store: TestStore
before(async () => (store = await TestStore.create()))
beforeEach(() => store.empty())
after(() => store.close())

const telemetry = new Telemetry((error) => assert.fail(String(error)))
const holder = {
  ...{ epoch: 7, isInFlight: () => false, wake: () => undefined },
  ...{ release: async () => [], recall: async () => undefined },
}
const acting = () => new Acting({ pool: store.pool, nodeKey, holder, telemetry })
const actOn = ({ id, seq }: SeededEvent) => ({
  key: { eventId: id, integrationId: billingId, seq },
  actor,
  note: null,
})

/** Those that wait to be tried again, as the counters have it and as the table has it. */
async function timed(): Promise<readonly number[]> {
  const { rows } = await store.pool.query<{ counted: number; real: number }>(
    `select (select sum(timed)::int from hub.counters) as counted,
       (select count(*) from hub.queue q where ${isTimed('q')}) as real`,
  )
  return rows.flatMap(({ counted, real }) => [counted, real])
}

/** One that waits for the time that its event asks for, and one that waits for a retry. */
const seed = async () => ({
  asked: await store.addWaiting([billingId], { due: tomorrow, restartedAt: tomorrow }),
  failed: await store.addWaiting([billingId], { due: tomorrow, restartedAt: tomorrow, attempts: 1 }),
})

// Seen to fail with: a person's cancellation that takes each with a due time for one that was counted.
test('what a person makes due, or cancels, is counted as it was', async () => {
  const first = await seed()
  const second = await seed()
  assert.deepEqual(await timed(), [2, 2])
  for (const event of [first.asked, first.failed]) await acting().retry(actOn(event))
  assert.deepEqual(await timed(), [2, 2])
  for (const event of [first.asked, second.failed]) await acting().cancel(actOn(event))
  assert.deepEqual(await timed(), [1, 1])
  await store.pool.query('update hub.integrations set deleted_at = now() where id = $1', [billingId])
  await cancelBacklogOf({ pool: store.pool, nodeKey }, billingId, 10_000)
  await store.pool.query('update hub.integrations set deleted_at = null where id = $1', [billingId])
  assert.deepEqual(await timed(), [0, 0])
})

// Seen to fail with: an expiry that takes each with a due time for one that was counted.
test('what expires leaves the counters as they should be, and so does what is retried after that', async () => {
  await seed()
  const limited = testIntegration(billingId, 'billing', { expireAfterDays: 1 })
  const later = daysAgo(-2)
  assert.equal(await expireWaiting({ pool: store.pool, nodeKey, find: () => limited }, [billingId], later), 2)
  assert.deepEqual(await timed(), [0, 0])
  const { rows } = await store.pool.query<SeededEvent>('select event_id as id, seq from hub.dead_letters')
  for (const event of rows) await acting().retry(actOn(event))
  assert.deepEqual(await timed(), [1, 1])
  for (const event of rows) await acting().cancel(actOn(event))
  assert.deepEqual(await timed(), [0, 0])
})

// Seen to fail with: a replay that counts each new delivery with a due time, or each that it takes back.
test('what a replay begins and takes back leaves the counters as they should be', async () => {
  const integration = testIntegration(billingId, 'billing')
  const current = indexCatalog({ version: 1, sources: [], integrations: [integration], keys: [] })
  const catalog = { current, refresh: async () => undefined }
  const replays = new Replays({ pool: store.pool, nodeKey, catalog, holder, telemetry })
  await store.addEvent({ deliverAt: tomorrow })
  await store.addDead([billingId])
  await store.addDead([billingId], { attempts: 0, errorClass: 'expired' })
  const request = check(ReplayRequest, { integration: 'billing', from: daysAgo(1).toISOString() })
  assert.ok(request.ok)
  const id = await replays.begin(request.value, integration, actor)
  await replays.tick()
  assert.deepEqual(await timed(), [1, 1])
  await replays.cancel(id, actor)
  await replays.tick()
  assert.deepEqual(await timed(), [0, 0])
})
