import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { Integration } from '../core/catalog.ts'
import type { OwnedDelivery } from '../core/delivery.ts'
import { subjectKey } from '../core/delivery-order.ts'
import { formatDeliveryId } from '../core/ids.ts'
import { ReplayRequest } from '../core/replay-request.ts'
import { check } from '../core/schema.ts'
import { readConfigVersion } from '../store/configuration.ts'
import type { Pool } from '../store/database.ts'
import { findReplay, type ReplayRecord } from '../store/replays.ts'
import { testIntegration } from '../testing/integration.ts'
import { billingId, daysAgo, parkingId, TestStore, type SeededEvent } from '../testing/store.ts'
import { until } from '../testing/until.ts'
import type { ReplayHolder } from './advance-replay.ts'
import { indexCatalog } from './live-catalog.ts'
import { Replays } from './replays.ts'
import { Telemetry } from './telemetry.ts'
import { unreliable } from './unreliable-pool-testing.ts'

const epoch = 7

let store: TestStore
let integration: Integration
let replays: Replays
/** The version of the configuration that the node knows. */
let heardOf: number
before(async () => {
  store = await TestStore.create()
  await store.addDays(daysAgo(3), daysAgo(2))
})
beforeEach(async () => {
  await store.empty()
  await store.pool.query(`update hub.event_horizon set first_id = '00000000-0000-0000-0000-000000000000'`)
  integration = testIntegration(billingId, 'billing')
  heardOf = await readConfigVersion(store.pool)
  replays = replaysOf(store.pool)
})
afterEach(() => replays.stop())
after(() => store.close())

function replaysOf(pool: Pool): Replays {
  const recall: ReplayHolder['recall'] = async (_, wanted, change) => {
    const { rows } = await store.pool.query<OwnedDelivery>(
      'select *, replay_id as "replayId" from hub.queue where owner = $1 order by seq',
      [epoch],
    )
    await change(
      rows.filter(wanted).map(({ seq }) => seq),
      epoch,
    )
  }
  const holder = { isInFlight: () => false, wake: () => undefined, recall }
  const telemetry = new Telemetry((error) => assert.fail(String(error)))
  telemetry.on('storeDown', ({ error }) => storeFailures.push(error))
  const catalog = {
    get current() {
      return indexCatalog({ version: heardOf, sources: [], integrations: [integration], keys: [] })
    },
    refresh: async () => void (heardOf = await readConfigVersion(store.pool)),
  }
  return new Replays({ pool, nodeKey: 'node', catalog, holder, telemetry })
}

const storeFailures: unknown[] = []

function requestOf(body: object): ReplayRequest {
  const checked = check(ReplayRequest, { integration: 'billing', ...body })
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.value
}

const begin = (body: object) => replays.begin(requestOf(body), integration, 'key:ops')

async function find(id: number): Promise<ReplayRecord> {
  return (await findReplay(store.pool, id)) ?? assert.fail()
}

async function run(body: object): Promise<ReplayRecord> {
  const counted = await replays.count(requestOf(body), integration)
  const id = await begin(body)
  while (await replays.tick());
  const replay = await find(id)
  assert.equal(replay.state, 'done')
  assert.ok(replay.endedAt)
  const touched = { count: replay.started, isComplete: true }
  assert.deepEqual(counted, touched, 'a dry run counts what a replay touches')
  assert.equal(replay.total, replay.started)
  return replay
}

interface Queued {
  event_id: string
  seq: number
  replay_id: number | null
  is_due: boolean | null
  is_restarted: boolean | null
  subject_key: string | null
}

async function queued(): Promise<readonly Queued[]> {
  const { rows } = await store.pool.query<Queued>(
    `select event_id, seq, replay_id, due <= now() as is_due, restarted_at > now() - interval '1 hour' as is_restarted,
       subject_key::text
     from hub.queue where integration_id = $1 order by seq`,
    [billingId],
  )
  return rows
}

const idOf = ({ id, seq }: SeededEvent) => formatDeliveryId({ eventId: id, integrationId: billingId, seq })
const idsOf = (rows: readonly { readonly event_id: string }[]) => rows.map(({ event_id }) => event_id)

test('dead letters are retried in place', async () => {
  const dead = await store.addDead([billingId, parkingId], { attempts: 5 })
  const manual = await store.addDead([billingId], { state: 'manual' })
  const replay = await run({ status: 'DEAD' })
  assert.deepEqual(await queued(), [
    {
      event_id: dead.id,
      seq: dead.seq,
      replay_id: replay.id,
      is_due: true,
      is_restarted: true,
      subject_key: null,
    },
  ])
  assert.deepEqual([replay.started, replay.skipped], [1, 0])
  assert.deepEqual(await store.counters(billingId), { queued: 1, timed: 1, manual: 1 })
  assert.deepEqual(await store.counters(parkingId), { dead: 1 })
  await run({ statuses: ['DEAD', 'MANUAL'] })
  assert.deepEqual(idsOf(await queued()), [dead.id, manual.id])
})

test('a replay takes only what was asked for', async () => {
  const wanted = await store.addDead(
    [billingId],
    { errorClass: 'reset', error: 'reset 12345' },
    { type: 'order.paid' },
  )
  await store.addDead([billingId], { errorClass: 'timeout', error: 'reset 12345' }, { type: 'order.paid' })
  await store.addDead([billingId], { errorClass: 'reset', error: 'other' }, { type: 'order.paid' })
  await store.addDead(
    [billingId],
    { errorClass: 'reset', error: 'reset 12345' },
    { type: 'order.created.late' },
  )
  const old = { type: 'order.paid', time: daysAgo(2) }
  await store.addDead([billingId], { errorClass: 'reset', error: 'reset 12345' }, old)
  const narrow = { errorClass: 'reset', message: 'reset <n>', types: ['order.*'] }
  await run({ status: 'DEAD', ...narrow, from: daysAgo(1).toISOString() })
  assert.deepEqual(idsOf(await queued()), [wanted.id])
})

test('what waits for a retry is made due, and nothing else', async () => {
  const later = await store.addWaiting([billingId], { due: daysAgo(-1), attempts: 1 })
  await store.addWaiting([billingId])
  await store.addWaiting([billingId], { due: daysAgo(-1), owner: 9 })
  const id = await begin({ status: 'PENDING' })
  while (await replays.tick());
  const replay = await find(id)
  assert.deepEqual([replay.started, replay.skipped], [1, 1])
  const due = (await queued()).filter(({ is_due }) => is_due)
  assert.deepEqual(idsOf(due), [later.id])
})

test('what was delivered is delivered again, as a new delivery of the same event, once', async () => {
  const event = await store.addEnded([billingId], 'delivered')
  const cancelled = await store.addEnded([billingId], 'cancelled')
  const replay = await run({ status: 'DELIVERED' })
  const [row, ...others] = await queued()
  assert.ok(row && others.length === 0)
  assert.deepEqual([row.event_id, row.replay_id, row.is_restarted], [event.id, replay.id, true])
  assert.ok(row.seq > event.seq)
  const { rows } = await store.pool.query('select event_id, seq, replay_id from hub.redeliveries')
  assert.deepEqual(rows, [{ event_id: event.id, seq: row.seq, replay_id: replay.id }])
  assert.deepEqual((await run({ status: 'DELIVERED' })).started, 0)
  await run({ status: 'CANCELLED' })
  assert.deepEqual(idsOf(await queued()), [event.id, cancelled.id])
  assert.deepEqual(await store.counters(billingId), { queued: 2 })
})

test('named deliveries are retried, hastened or delivered again, by where they are', async () => {
  const dead = await store.addDead([billingId])
  const later = await store.addWaiting([billingId], { due: daysAgo(-1) })
  const turn = await store.addWaiting([billingId])
  const ended = await store.addEnded([billingId], 'delivered')
  const deliveryIds = [dead, later, turn, ended].map(idOf)
  const id = await begin({ deliveryIds })
  while (await replays.tick());
  const { started, skipped } = await find(id)
  assert.deepEqual([started, skipped], [3, 1])
  const rows = await queued()
  assert.deepEqual(idsOf(rows), [dead.id, later.id, turn.id, ended.id])
  assert.deepEqual(
    rows.map(({ is_due }) => is_due),
    [true, true, null, null],
  )
})

// Seen to fail with: filters that do not see the correlation id of a stored event.
test('history is routed by the configuration of today, from the oldest on', async () => {
  const body = (kind: string) => ({ body: Buffer.from(JSON.stringify({ kind })) })
  const delivered = await store.addEnded([billingId], 'delivered', { ...body('a'), time: daysAgo(2) })
  const unrouted = await store.addEvent(body('a'))
  const elsewhere = await store.addEnded([parkingId], 'delivered', body('a'))
  await store.addEvent(body('b'))
  await store.addEvent({ ...body('a'), type: 'other' })
  await store.addEvent({ ...body('a'), correlationId: 'deal-2' })
  await store.addEvent({ ...body('a'), time: daysAgo(3) })
  const dead = await store.addDead([billingId], {}, body('a'))
  const waiting = await store.addWaiting([billingId], {}, body('a'))
  const filter = { data: { kind: ['a'] }, attributes: { correlationid: [{ 'anything-but': ['deal-2'] }] } }
  integration = testIntegration(billingId, 'billing', { types: ['order.*'], filter })
  await new Promise((resolve) => setTimeout(resolve, 20))
  const replay = await run({ from: daysAgo(2.5).toISOString() })
  assert.deepEqual([replay.started, replay.skipped], [4, 1])
  const rows = await queued()
  assert.deepEqual(
    new Set(idsOf(rows)),
    new Set([dead, waiting, delivered, unrouted, elsewhere].map(({ id }) => id)),
  )
  const made = rows.filter(({ seq }) => seq > waiting.seq)
  assert.deepEqual(idsOf(made), [delivered.id, unrouted.id, elsewhere.id])
  assert.equal(rows.find(({ event_id }) => event_id === dead.id)?.seq, dead.seq)
})

// Seen to fail with: a batch that is routed by what the node heard last.
test('history is routed by what another node has just been told', async () => {
  await store.addEvent({ type: 'unwanted' })
  const id = await begin({ from: daysAgo(1).toISOString() })
  await store.pool.query('update hub.config_version set version = version + 1')
  assert.equal(await replays.tick(), false)
  assert.deepEqual([(await find(id)).state, await queued()], ['running', []])
  integration = testIntegration(billingId, 'billing', { types: ['wanted'] })
  while (await replays.tick());
  const { state, started } = await find(id)
  assert.deepEqual([state, started], ['done', 0])
})

test('a new delivery keeps the order of its subject and the time that its event asks for', async () => {
  integration = testIntegration(billingId, 'billing', { ordering: 'subject' })
  await store.addEvent({ subject: 'order/7', time: new Date(Date.now() - 1_000) })
  await store.addEvent({ deliverAt: daysAgo(-1), time: new Date(Date.now() - 500) })
  await run({ from: daysAgo(1).toISOString() })
  const [first, second] = await queued()
  assert.deepEqual([first?.subject_key, first?.is_due], [String(subjectKey('order/7')), null])
  assert.deepEqual([second?.subject_key, second?.is_due], [null, false])
  assert.deepEqual(await store.counters(billingId), { queued: 2 })
})

test('an event that is about to be dropped is not delivered again, unless it is kept', async () => {
  const dropped = await store.addEnded([billingId], 'delivered')
  const kept = await store.addEnded([billingId], 'delivered')
  const fresh = await store.addEnded([billingId], 'delivered')
  await store.pool.query('insert into hub.events_kept select * from hub.events where id = $1', [kept.id])
  await store.pool.query('update hub.event_horizon set first_id = $1', [fresh.id])
  const id = await begin({ deliveryIds: [dropped, kept, fresh].map(idOf) })
  while (await replays.tick());
  const { started, skipped } = await find(id)
  assert.deepEqual([started, skipped], [2, 1])
  assert.deepEqual(idsOf(await queued()), [kept.id, fresh.id])
})

test('a rate is kept, over restarts too', async () => {
  for (let index = 0; index < 7; index++) await store.addDead([billingId])
  const id = await begin({ status: 'DEAD', ratePerSecond: 3 })
  assert.equal(await replays.tick(), true)
  assert.equal((await find(id)).started, 3)
  assert.equal(await replaysOf(store.pool).tick(), false)
  const waitMs = (await find(id)).position.notBeforeMs - Date.now()
  assert.ok(waitMs > -100 && waitMs <= 1_000, `waits ${waitMs} ms`)
  await store.pool.query(`update hub.replays set position = jsonb_set(position, '{notBeforeMs}', '0')`)
  assert.equal(await replays.tick(), true)
  assert.equal((await find(id)).started, 6)
})

// Seen to fail with: the rest after a look that found nothing taken although one began meanwhile.
test('a replay that begins while others are looked for begins at once', async () => {
  const { promise: isBegun, resolve: begun } = Promise.withResolvers<void>()
  const { promise: hasLooked, resolve: looked } = Promise.withResolvers<void>()
  const pool: Pool = Object.create(store.pool)
  const query = async (sql: string): Promise<unknown> => {
    const found = await store.pool.query(sql)
    looked()
    await isBegun
    return found
  }
  Object.assign(pool, { query })
  replays = replaysOf(pool)
  replays.start()
  await hasLooked
  await store.addDead([billingId])
  const id = await begin({ status: 'DEAD' })
  begun()
  await until('it has ended', async () => (await find(id)).endedAt !== null, 2_000)
})

async function seedMany(count: number): Promise<void> {
  await store.pool.query(`
    create temp table seed on commit drop as
    select n, (lpad(to_hex((extract(epoch from now()) * 1000)::bigint - 100000 + n), 12, '0') || '7000a000000000000000')::uuid as id
    from generate_series(1, ${count}) as n;
    insert into hub.events (id, seq, source_id, type, body, sha256, routes)
    select id, n, 1, 'a', 'x', sha256('x'), case when n % 2 = 0 then '{1}'::int[] else '{}' end from seed;
    insert into hub.dead_letters (integration_id, seq, event_id, body_bytes, state, died_at, attempts, counted,
                                  error_class, message, error)
    select 1, n, id, 1, 'dead', now(), 1, 1, 'reset', 'x', 'x' from seed where n % 2 = 0`)
}

test('several nodes whose transactions fail make each delivery once', async () => {
  await seedMany(3_000)
  const id = await begin({ from: daysAgo(1).toISOString() })
  const failures = { left: 30 }
  const nodes = [unreliable(store.pool, failures), unreliable(store.pool, failures), store.pool].map(
    replaysOf,
  )
  while ((await find(id)).endedAt === null) await Promise.all(nodes.map((node) => node.tick()))
  assert.ok(storeFailures.length > 0, 'some transactions failed')
  const { rows } = await store.pool.query<{ count: number; events: number; made: number }>(
    `select count(*), count(distinct event_id) as events, (select count(*) from hub.redeliveries) as made from hub.queue`,
  )
  assert.deepEqual(rows[0], { count: 3_000, events: 3_000, made: 1_500 })
  const { started, skipped } = await find(id)
  assert.deepEqual([started, skipped], [3_000, 0])
  const { queued: inQueue, dead } = await store.counters(billingId)
  assert.deepEqual([inQueue, dead], [3_000, -1_500])
})

// Seen to fail with: a replay that has begun all of it taken for one that has nothing left to cancel.
test('a cancelled replay takes back what nobody has sent', async () => {
  const letter = {
    state: 'manual',
    errorClass: 'reset',
    error: 'reset by 12345',
    httpStatus: 502,
    attempts: 4,
  } as const
  const back = await store.addDead([billingId], letter)
  const tried = await store.addDead([billingId])
  const fresh = await store.addEnded([billingId], 'delivered')
  const held = await store.addDead([billingId])
  const id = await begin({ deliveryIds: [back, tried, fresh, held].map(idOf) })
  while (await replays.tick());
  await store.pool.query('update hub.queue set counted = counted + 1 where seq = $1', [tried.seq])
  await store.pool.query('update hub.queue set owner = $1 where seq = $2', [epoch, held.seq])
  await replays.cancel(id, 'key:ops')
  while (await replays.tick());
  const replay = await find(id)
  assert.deepEqual([replay.state, replay.started, replay.endedAt !== null], ['cancelled', 1, true])
  assert.deepEqual(idsOf(await queued()), [tried.id])
  const { rows } = await store.pool.query(
    `select seq, state, error_class, error, message, attempts, counted from hub.dead_letters order by seq`,
  )
  assert.deepEqual(rows[0], {
    seq: back.seq,
    state: 'manual',
    error_class: 'reset',
    error: 'reset by 12345',
    message: 'reset by <n>',
    attempts: 4,
    counted: 4,
  })
  assert.equal(rows[1].seq, held.seq)
  assert.deepEqual(await store.counters(billingId), { queued: 1, timed: 1, dead: 1, manual: 1, cancelled: 1 })
  await assert.rejects(replays.cancel(id, 'key:ops'), { code: 'already_ended' })
  await assert.rejects(replays.cancel(99, 'key:ops'), { code: 'not_found' })
})

// Seen to fail with: one of which this node has not heard yet taken for deleted.
test('a replay ends with its integration, and not because a node has not heard of that yet', async (t) => {
  await store.addDead([billingId])
  const id = await begin({ status: 'DEAD' })
  integration = testIntegration(parkingId, 'parking')
  while (await replays.tick());
  assert.equal((await find(id)).state, 'running')
  const setDeleted = (at: string) => store.pool.query(`update hub.integrations set deleted_at = ${at}`)
  t.after(() => setDeleted('null'))
  await setDeleted('now()')
  while (await replays.tick());
  assert.equal((await find(id)).state, 'cancelled')
  assert.deepEqual(await queued(), [])
})

test('a started runner works by itself, and stops', async () => {
  replays.start()
  await store.addDead([billingId])
  const id = await begin({ status: 'DEAD' })
  while ((await find(id)).endedAt === null) await new Promise((resolve) => setTimeout(resolve, 5))
  await replays.stop()
  const { rows } = await store.pool.query('select action, actor from hub.audit')
  assert.deepEqual(rows, [{ action: 'replay.create', actor: 'key:ops' }])
})
