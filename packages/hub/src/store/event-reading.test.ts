import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { createEventId } from '../core/ids.ts'
import { billingId, daysAgo, parkingId, TestStore } from '../testing/store.ts'
import type { Client } from './database.ts'
import { readEvents, readPayload, type EventRecord } from './event-reading.ts'
import { partitionedTables, partitionName } from './partitions.ts'
import { read } from './reading.ts'

let store: TestStore
before(async () => (store = await TestStore.create()))
beforeEach(() => store.empty())
after(() => store.close())

async function readOne(id: string): Promise<EventRecord> {
  const [event] = await read(store.pool, (client) => readEvents(client, [id]))
  assert.ok(event)
  return event
}

const placesOf = (event: EventRecord) =>
  event.deliveries.map(({ integration, place }) => [integration, place])

test('an event is read as it came', async () => {
  const body = Buffer.from('{"total": 1.0}')
  const deliverAt = new Date('2030-01-01T00:00:00Z')
  const { id, seq } = await store.addEvent({
    type: 'order.paid',
    subject: 'order/7',
    attributes: { id: 'a-1', dataschema: 'x' },
    headers: { 'x-shop': '1' },
    contentType: 'application/json',
    body,
    correlationId: 'c-1',
    causationId: 'k-1',
    deliverAt,
  })
  const { receivedAt, ...event } = await readOne(id)
  assert.ok(Math.abs(receivedAt.getTime() - Date.now()) < 60_000)
  assert.deepEqual(event, {
    id,
    seq,
    source: 'shop',
    type: 'order.paid',
    subject: 'order/7',
    attributes: { id: 'a-1', dataschema: 'x' },
    headers: { 'x-shop': '1' },
    contentType: 'application/json',
    bodyBytes: body.length,
    sha256: createHash('sha256').update(body).digest(),
    correlationId: 'c-1',
    causationId: 'k-1',
    deliverAt,
    deliveries: [],
  })
})

test('an event without a correlation has its own id as one', async () => {
  const { id } = await store.addEvent()
  assert.equal((await readOne(id)).correlationId, id)
})

test('each delivery is found where it is', async () => {
  const due = new Date('2030-01-01T00:00:00Z')
  const event = await store.addEvent({ routes: [billingId, parkingId] })
  await store.addQueueRow({
    ...event,
    integrationId: billingId,
    due,
    attempts: 3,
    counted: 2,
    lastError: 'refused',
  })
  await store.addDeadLetter({
    ...event,
    integrationId: parkingId,
    attempts: 5,
    error: 'boom',
    errorClass: 'reset',
  })
  const [waiting, dead] = (await readOne(event.id)).deliveries
  assert.deepEqual(waiting, {
    eventId: event.id,
    integrationId: billingId,
    integration: 'billing',
    seq: event.seq,
    replayId: null,
    place: 'queue',
    due,
    isBehindOther: false,
    attempts: 3,
    counted: 2,
    error: 'refused',
    errorClass: null,
    httpStatus: null,
    endedAt: null,
  })
  assert.deepEqual(
    [dead?.place, dead?.attempts, dead?.error, dead?.errorClass, dead?.httpStatus],
    ['dead', 5, 'boom', 'reset', 500],
  )
})

test('an ended delivery is counted from its attempts', async () => {
  const event = await store.addEvent({ routes: [billingId] })
  const attempt = { ...event, integrationId: billingId, outcome: 'failed', error: 'busy' }
  await store.addAttempt({ ...attempt, n: 1 })
  await store.addAttempt({ ...attempt, n: 2, counted: false })
  await store.addAttempt({ ...event, integrationId: billingId, n: 3, ended: 'delivered', httpStatus: 204 })
  const [delivery] = (await readOne(event.id)).deliveries
  assert.deepEqual(
    [delivery?.place, delivery?.attempts, delivery?.counted, delivery?.error, delivery?.httpStatus],
    ['delivered', 3, 2, null, 204],
  )
})

test('a dead letter that lived again is where its last life brought it', async () => {
  const event = await store.addEvent({ routes: [billingId] })
  const attempt = { ...event, integrationId: billingId, outcome: 'failed' }
  await store.addAttempt({ ...attempt, n: 3, ended: 'dead', error: 'boom' })
  assert.deepEqual(placesOf(await readOne(event.id)), [['billing', 'unknown']])
  await store.addQueueRow({ ...event, integrationId: billingId, attempts: 3 })
  assert.deepEqual(placesOf(await readOne(event.id)), [['billing', 'queue']])
  await store.pool.query('truncate hub.queue')
  await store.addAttempt({ ...event, integrationId: billingId, n: 4, ended: 'delivered' })
  const [delivery] = (await readOne(event.id)).deliveries
  assert.deepEqual([delivery?.place, delivery?.error], ['delivered', null])
})

test('deliveries of a replay follow those of the acceptance', async () => {
  const event = await store.addEnded([billingId], 'delivered')
  await store.pool.query('insert into hub.redeliveries values ($1, $2, $3, 9)', [
    event.id,
    billingId,
    event.seq + 1,
  ])
  await store.addQueueRow({ ...event, seq: event.seq + 1, integrationId: billingId, replayId: 9 })
  const { deliveries } = await readOne(event.id)
  assert.deepEqual(
    deliveries.map(({ seq, place, replayId }) => [seq - event.seq, place, replayId]),
    [
      [0, 'delivered', null],
      [1, 'queue', 9],
    ],
  )
})

test('with order, a delivery knows that another of its subject goes before it', async () => {
  const first = await store.addWaiting([billingId], { subjectKey: 5 })
  const second = await store.addWaiting([billingId], { subjectKey: 5 })
  const other = await store.addWaiting([billingId], { subjectKey: 6 })
  const behind = async (id: string) =>
    (await readOne(id)).deliveries.map(({ isBehindOther }) => isBehindOther)
  assert.deepEqual(await behind(first.id), [false])
  assert.deepEqual(await behind(second.id), [true])
  assert.deepEqual(await behind(other.id), [false])
})

test('an event outlives its partition, and is read once while it is in both places', async () => {
  const { id } = await store.addWaiting([billingId])
  await store.pool.query('insert into hub.events_kept select * from hub.events where id = $1', [id])
  assert.deepEqual(placesOf(await readOne(id)), [['billing', 'queue']])
  await store.pool.query('delete from hub.events where id = $1', [id])
  assert.deepEqual(placesOf(await readOne(id)), [['billing', 'queue']])
})

test('many are read at once, newest first, and those that are not there are left out', async () => {
  const old = await store.addWaiting([billingId], {}, { time: new Date(Date.now() - 60_000) })
  const fresh = await store.addEnded([parkingId], 'delivered')
  const unknown = createEventId(Date.now(), randomBytes(10))
  const events = await read(store.pool, (client) => readEvents(client, [old.id, unknown, fresh.id]))
  assert.deepEqual(
    events.map(({ id }) => id),
    [fresh.id, old.id],
  )
})

async function countScans(client: Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string; count: number }>(
    `select relname as name, coalesce(idx_scan, 0) + coalesce(seq_scan, 0) as count
     from pg_stat_xact_user_tables where relname ~ '^(events|attempts)_[0-9]{8}$'`,
  )
  return new Map(rows.map(({ name, count }) => [name, count]))
}

test('only the partitions that can hold it are scanned', async () => {
  await store.addDays(daysAgo(5), daysAgo(4), daysAgo(3))
  const { id } = await store.addEnded([billingId], 'delivered')
  const scanned = await read(store.pool, async (client) => {
    const earlier = await countScans(client)
    await readEvents(client, [id])
    const counts = [...(await countScans(client))]
    return counts.filter(([name, count]) => count > (earlier.get(name) ?? 0)).map(([name]) => name)
  })
  assert.ok(scanned.includes(partitionName('events', new Date())), `scanned ${scanned.join(', ')}`)
  const old = [3, 4, 5].flatMap((days) =>
    partitionedTables.map((table) => partitionName(table, daysAgo(days))),
  )
  assert.deepEqual(
    scanned.filter((name) => old.includes(name)),
    [],
  )
})

test('a delivery that moves is never seen in two places or in none', async () => {
  const event = await store.addDead([billingId])
  for (let round = 0; round < 100; round++) {
    const moved = moveBackAndForth(event)
    const places = await Promise.all([readOne(event.id), readOne(event.id)])
    for (const seen of places) assert.match(String(placesOf(seen)), /^billing,(queue|dead)$/)
    await moved
  }
})

async function moveBackAndForth({ id, seq }: { id: string; seq: number }): Promise<void> {
  await store.pool.query(`
    with letter as (delete from hub.dead_letters where integration_id = ${billingId} returning *)
    insert into hub.queue (integration_id, seq, event_id, body_bytes)
    select integration_id, seq, event_id, body_bytes from letter`)
  await store.pool.query(
    `with ended as (delete from hub.queue where integration_id = ${billingId} returning *)
     insert into hub.dead_letters (integration_id, seq, event_id, body_bytes, state, died_at, attempts, counted,
                                   error_class, message, error)
     select integration_id, seq, event_id, body_bytes, 'dead', now(), 1, 1, 'reset', 'x', 'x' from ended
     where seq = $1 and event_id = $2`,
    [seq, id],
  )
}

test('the payload is the bytes that came', async () => {
  const body = randomBytes(70_000)
  const { id } = await store.addEvent({ body, contentType: 'image/png' })
  assert.deepEqual(await readPayload(store.pool, id), { body, contentType: 'image/png' })
  await store.pool.query(
    'with gone as (delete from hub.events returning *) insert into hub.events_kept select * from gone',
  )
  assert.deepEqual(await readPayload(store.pool, id), { body, contentType: 'image/png' })
  assert.equal(await readPayload(store.pool, createEventId(0, randomBytes(10))), null)
})
