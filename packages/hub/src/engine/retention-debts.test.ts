import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { transaction } from '../store/database.ts'
import { readEvents } from '../store/event-reading.ts'
import { dayMs, listPartitions, partitionName, startOfDay } from '../store/partitions.ts'
import { read } from '../store/reading.ts'
import { redeliver } from '../store/redelivering.ts'
import { pruneKeptEvents } from '../store/retention.ts'
import { billingId, daysAgo, parkingId, TestStore, type SeededEvent } from '../testing/store.ts'
import { until } from '../testing/until.ts'
import { Retention } from './retention.ts'
import { Telemetry } from './telemetry.ts'

let store: TestStore
before(async () => (store = await TestStore.create()))
beforeEach(async () => {
  await store.empty()
  await store.pool.query(`update hub.event_horizon set first_id = '00000000-0000-0000-0000-000000000000'`)
  await store.addDays(daysAgo(40), daysAgo(39), daysAgo(10))
})
after(() => store.close())

function retention(retentionDays: number, retentionBytes?: number): Retention {
  const telemetry = new Telemetry((error) => assert.fail(String(error)))
  return new Retention({ pool: store.pool, retentionDays, retentionBytes, telemetry, now: () => new Date() })
}

async function placesOf({ id }: SeededEvent) {
  const [event] = await read(store.pool, (client) => readEvents(client, [id]))
  return event?.deliveries.map(({ integration, place, seq }) => [integration, place, seq]) ?? null
}

async function days(): Promise<readonly number[]> {
  const partitions = await listPartitions(store.pool)
  return [
    ...new Set(
      partitions.map(({ day }) => Math.round((startOfDay(new Date()).getTime() - day.getTime()) / dayMs)),
    ),
  ]
}

test('an event that outlives its day knows only of what is owed', async () => {
  const time = daysAgo(40)
  const event = await store.addDead([billingId], {}, { time, routes: [billingId, parkingId] })
  await store.addAttempt({ ...event, integrationId: parkingId, at: time, ended: 'delivered' })
  const [endedSeq, waitingSeq] = [store.nextSeq(), store.nextSeq()]
  await store.pool.query('insert into hub.redeliveries values ($1, $2, $3, 1), ($1, $2, $4, 2)', [
    event.id,
    parkingId,
    endedSeq,
    waitingSeq,
  ])
  await store.addAttempt({ ...event, seq: endedSeq, integrationId: parkingId, at: time, ended: 'delivered' })
  await store.addQueueRow({ ...event, seq: waitingSeq, integrationId: parkingId })
  await retention(30).tick()
  assert.deepEqual(await placesOf(event), [
    ['billing', 'dead', event.seq],
    ['parking', 'queue', waitingSeq],
  ])
})

test('nothing is kept for an integration that was deleted', async () => {
  const gone = await store.addIntegration('gone')
  const event = await store.addDead([gone], {}, { time: daysAgo(40) })
  const fresh = await store.addDead([gone])
  await store.pool.query('update hub.integrations set deleted_at = now() where id = $1', [gone])
  await retention(30).tick()
  assert.equal(await placesOf(event), null)
  const { rows } = await store.pool.query('select event_id from hub.dead_letters')
  assert.deepEqual(rows, [{ event_id: fresh.id }])
})

test('what was kept is forgotten when nothing owes it any more', async () => {
  const event = await store.addDead([billingId], {}, { time: daysAgo(40) })
  const owed = await store.addDead([billingId], {}, { time: daysAgo(40) })
  for (const { id } of [event, owed]) {
    await store.pool.query(`insert into hub.business_keys values ('orderId', 'o-7', $1)`, [id])
    await store.pool.query('insert into hub.redeliveries values ($1, $2, 5, 1)', [id, billingId])
  }
  await retention(30).tick()
  await store.pool.query('delete from hub.dead_letters where event_id = $1', [event.id])
  assert.equal(await pruneKeptEvents(store.pool), 1)
  assert.equal(await placesOf(event), null)
  assert.ok(await placesOf(owed))
  const { rows } = await store.pool.query('select event_id from hub.business_keys')
  assert.deepEqual(rows, [{ event_id: owed.id }])
})

test('a replay that begins while a day is being dropped is waited for, and one that comes later finds nothing', async () => {
  const event = await store.addEnded([billingId], 'delivered', { time: daysAgo(40) })
  const again = () => [{ eventId: event.id, bodyBytes: 1, subjectKey: null, due: null }]
  let dropping: Promise<void> | undefined
  await transaction(store.pool, async (client) => {
    await redeliver(client, billingId, 1, again())
    dropping = retention(30).tick()
    await until('retention waits for the replay', async () => {
      const { rowCount } = await store.pool.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'update hub.event_horizon%'`,
      )
      return rowCount === 1
    })
  })
  await dropping
  assert.deepEqual(
    (await placesOf(event))?.map(([, place]) => place),
    ['queue'],
  )
  await store.pool.query('truncate hub.queue, hub.events_kept')
  const late = await transaction(store.pool, (client) => redeliver(client, billingId, 2, again()))
  assert.deepEqual(late.keys, [])
})

test('a kept event with which a replay begins is not forgotten', async () => {
  const event = await store.addDead([billingId], {}, { time: daysAgo(40) })
  await retention(30).tick()
  await store.pool.query('delete from hub.dead_letters')
  let pruning: Promise<number> | undefined
  await transaction(store.pool, async (client) => {
    await redeliver(client, billingId, 1, [{ eventId: event.id, bodyBytes: 1, subjectKey: null, due: null }])
    pruning = pruneKeptEvents(store.pool)
    await until('pruning waits for the replay', async () => {
      const { rowCount } = await store.pool.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'select from hub.event_horizon%'`,
      )
      return rowCount === 1
    })
  })
  assert.equal(await pruning, 0)
})

test('a day that a replay of history has before it is kept, as long as there is room', async () => {
  await store.addEvent({ time: daysAgo(40) })
  const request = (kind: string) => ({
    plan: { phases: [{ kind }], filter: { fromMs: daysAgo(39.5).getTime() } },
  })
  await store.pool.query(
    `insert into hub.replays (integration_id, request, state, position)
     values (1, $1, 'running', '{"phase": 0, "after": null}'), (1, $2, 'running', '{"phase": 0, "after": 5}')`,
    [JSON.stringify(request('history')), JSON.stringify(request('letters'))],
  )
  await retention(30).tick()
  assert.ok((await days()).some((day) => day === 39 || day === 40))
  await store.pool.query(`update hub.replays set state = 'done', ended_at = now()`)
  await retention(30).tick()
  assert.ok((await days()).every((day) => day <= 30))
})

test('for want of room whole days are dropped', async () => {
  const body = Buffer.alloc(200_000, 'x')
  await store.addEnded([billingId], 'delivered', { time: daysAgo(10), body })
  const events = partitionName('events', daysAgo(10))
  const partitions = await listPartitions(store.pool)
  const bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0)
  const largest = partitions.find(({ name }) => name === events)?.bytes ?? 0
  assert.ok(largest > 200_000)
  // Without the attempts of that day it would fit.
  const older = partitions
    .filter(({ day }) => day < startOfDay(daysAgo(10)))
    .reduce((sum, one) => sum + one.bytes, 0)
  await retention(365, bytes - older - 1).tick()
  assert.ok(
    (await days()).every((day) => day < 10),
    `days ago: ${(await days()).join(', ')}`,
  )
})
