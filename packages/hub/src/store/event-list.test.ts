import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { deliveryStatus, eventStatus } from '../core/status.ts'
import { billingId, daysAgo, parkingId, TestStore } from '../testing/store.ts'
import { listEvents } from './event-list.ts'
import type { EventRecord } from './event-reading.ts'
import type { EventPosition, EventQuery } from './event-walks.ts'
import type { WalkedPage } from './walking.ts'

let store: TestStore
before(async () => (store = await TestStore.create()))
beforeEach(() => store.empty())
after(() => store.close())

type EventPage = WalkedPage<EventRecord, EventPosition>

const everything: EventQuery = {
  source: null,
  type: null,
  subject: null,
  correlationId: null,
  from: null,
  to: null,
  status: null,
}

const statusOf = ({ deliveries }: EventRecord) =>
  eventStatus(deliveries.map((delivery) => ({ ...delivery, status: deliveryStatus(delivery.place, false) })))

function list(
  query: Partial<EventQuery>,
  position: EventPosition | null = null,
  limit = 500,
): Promise<EventPage> {
  return listEvents(store.pool, { ...everything, ...query }, position, limit, statusOf)
}

async function listAll(query: Partial<EventQuery>, limit: number): Promise<string[]> {
  const ids: string[] = []
  let position: EventPosition | null = null
  do {
    const page: EventPage = await list(query, position, limit)
    assert.ok(page.items.length <= limit)
    ids.push(...page.items.map(({ id }) => id))
    position = page.next
  } while (position)
  return ids
}

test('events are listed newest first, page by page, each once', async () => {
  await store.addDays(daysAgo(3), daysAgo(2))
  const added: string[] = []
  for (let index = 0; index < 10; index++) {
    added.unshift((await store.addEvent({ time: daysAgo(3 - index / 4) })).id)
  }
  for (const limit of [1, 3, 5, 10, 11]) assert.deepEqual(await listAll({}, limit), added)
  assert.equal((await list({}, null, 10)).next, null)
})

test('an event that is kept and still in its partition is listed once, and after its partition is gone', async () => {
  const { id } = await store.addEvent()
  const newer = await store.addEvent()
  await store.pool.query('insert into hub.events_kept select * from hub.events where id = $1', [id])
  assert.deepEqual(await listAll({}, 1), [newer.id, id])
  await store.pool.query('delete from hub.events where id = $1', [id])
  assert.deepEqual(await listAll({}, 1), [newer.id, id])
})

const time = new Date(Date.now() - 60_000)
const filters: readonly [string, Partial<EventQuery>, boolean][] = [
  ['its source', { source: 'shop' }, true],
  ['another source', { source: 'crm' }, false],
  ['its type', { type: 'order.paid' }, true],
  ['another type', { type: 'order' }, false],
  ['its subject', { subject: 'order/7' }, true],
  ['another subject', { subject: 'order/8' }, false],
  ['its correlation', { correlationId: 'c-1' }, true],
  ['its correlation and subject', { correlationId: 'c-1', subject: 'order/7' }, true],
  ['its correlation and another subject', { correlationId: 'c-1', subject: 'order/8' }, false],
  ['a time after which it came', { from: time }, true],
  ['a time before which it came', { from: new Date(time.getTime() + 1) }, false],
  ['a time until which it had not come', { to: time }, false],
  ['a time until which it had come', { to: new Date(time.getTime() + 1) }, true],
  ['its status', { status: 'FAILED' }, true],
  ['another status', { status: 'DELIVERED' }, false],
  ['its status, and another type', { status: 'FAILED', type: 'x' }, false],
  ['its status, and another source', { status: 'FAILED', source: 'crm' }, false],
  ['its status, and its time', { status: 'FAILED', from: time, to: new Date(time.getTime() + 1) }, true],
  ['its status, and another time', { status: 'FAILED', to: time }, false],
]
for (const [what, query, isListed] of filters) {
  test(`an event ${isListed ? 'is' : 'is not'} listed by ${what}`, async () => {
    await store.addEvent()
    const event = { type: 'order.paid', subject: 'order/7', correlationId: 'c-1', time }
    const { id } = await store.addDead([billingId], {}, event)
    assert.equal((await listAll(query, 10)).includes(id), isListed)
  })
}

test('an event without a correlation is listed by its own id, with those that name it', async () => {
  const first = await store.addEvent({ time })
  const second = await store.addEvent({ correlationId: first.id })
  const named = await store.addEvent({ correlationId: 'c-2' })
  assert.deepEqual(await listAll({ correlationId: first.id }, 10), [second.id, first.id])
  assert.deepEqual(await listAll({ correlationId: named.id }, 10), [])
})

test('each status lists its events', async () => {
  const at = (seconds: number) => ({ time: new Date(Date.now() - seconds * 1_000) })
  const unrouted = [await store.addEvent(at(10))]
  const pending = [
    await store.addWaiting([billingId, parkingId], {}, at(9)),
    await store.addWaiting([billingId], {}, at(8)),
  ]
  const tried = [await store.addWaiting([billingId], { attempts: 1 }, at(7))]
  const failed = [
    await store.addDead([billingId], {}, at(6)),
    await store.addDead([parkingId], { state: 'manual' }, at(5)),
  ]
  const delivered = [
    await store.addEnded([billingId], 'delivered', at(4)),
    await store.addEnded([billingId], 'cancelled', at(3)),
  ]
  const deadAndWaiting = await store.addDead([billingId], {}, { ...at(2), routes: [billingId, parkingId] })
  await store.addQueueRow({ ...deadAndWaiting, integrationId: parkingId })
  const expected = {
    UNROUTED: unrouted,
    PENDING: pending,
    PROCESSING: [...tried, deadAndWaiting],
    FAILED: failed,
    DELIVERED: delivered,
  }
  for (const [status, events] of Object.entries(expected)) {
    for (const limit of [1, 2, 100]) {
      const listed = await listAll({ status: status as keyof typeof expected }, limit)
      assert.deepEqual(listed, events.map(({ id }) => id).toReversed(), `${status} by ${limit}`)
    }
  }
})

test('an event with an old and a replayed delivery under way is listed once', async () => {
  const replayed = await store.addWaiting([billingId, parkingId])
  const between = await store.addWaiting([billingId])
  const seq = store.nextSeq()
  await store.pool.query('delete from hub.queue where integration_id = $1 and seq = $2', [
    parkingId,
    replayed.seq,
  ])
  await store.addAttempt({ ...replayed, integrationId: parkingId, ended: 'delivered' })
  await store.pool.query('insert into hub.redeliveries values ($1, $2, $3, 1)', [replayed.id, parkingId, seq])
  await store.addQueueRow({ ...replayed, seq, integrationId: parkingId })
  for (const limit of [1, 10]) {
    assert.deepEqual(await listAll({ status: 'PENDING' }, limit), [replayed.id, between.id])
  }
})

test('a request passes a bounded number of rows, and the next one goes on from there', async () => {
  await store.addDays(daysAgo(1))
  const rare = await store.addEvent({ type: 'rare', time: daysAgo(1) })
  await store.pool.query(`
    insert into hub.events (id, seq, source_id, type, body, sha256, routes)
    select (lpad(to_hex((extract(epoch from now()) * 1000)::bigint - n), 12, '0') || '7000a000000000000000')::uuid,
      n, 1, 'common', 'x', sha256('x'), '{}'
    from generate_series(1, 45000) as n`)
  const pages: number[] = []
  let position: EventPosition | null = null
  do {
    const page: EventPage = await list({ type: 'rare' }, position, 50)
    pages.push(page.items.length)
    position = page.next
  } while (position)
  assert.deepEqual(pages, [0, 0, 1])
  assert.deepEqual(await listAll({ type: 'rare' }, 50), [rare.id])
})
