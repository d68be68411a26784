import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { firstEventIdAt } from '../core/ids.ts'
import { openPool, type Client, type Pool } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { createPartitions, dayMs, listPartitions, startOfDay } from '../store/partitions.ts'
import { createTestDatabase, type TestDatabase } from '../testing/database.ts'
import { until } from '../testing/until.ts'
import { expireWaiting, giveUpWaiting } from './expiry.ts'
import { sampleIntegration } from '../targets/testing.ts'
import { Retention, type RetentionDeps } from './retention.ts'
import { Telemetry } from './telemetry.ts'

const now = new Date('2026-06-30T12:00:00Z')
const oldDay = startOfDay(new Date(now.getTime() - 40 * dayMs))

let database: TestDatabase
let pool: Pool
let forAMonth: Omit<RetentionDeps, 'telemetry'>

before(async () => {
  database = await createTestDatabase()
  await migrate(database.url)
  pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 4 }, () => undefined)
  forAMonth = { pool, retentionDays: 30, retentionBytes: undefined, now: () => now }
  await createPartitions(pool, [oldDay, startOfDay(now)])
})

after(async () => {
  await pool.end()
  await database.drop()
})

let count = 0

async function addEvent(
  day: Date,
  client: Client | Pool = pool,
): Promise<{ readonly id: string; readonly seq: number }> {
  count++
  const id = firstEventIdAt(new Date(day.getTime() + count)).replace(
    /0000-0000-000000000000$/,
    '7000-8000-000000000000',
  )
  const seq = count * 1_000
  await client.query(
    `insert into hub.events (id, seq, source_id, type, body, sha256, routes, key_hash)
     values ($1, $2, 1, 't', 'x', decode(repeat('00', 32), 'hex'), '{1}', $1)`,
    [id, seq],
  )
  await client.query('insert into hub.event_keys (key_hash, event_id, body_hash) values ($1, $1, $1)', [id])
  await client.query(`insert into hub.business_keys (name, value, event_id) values ('order', $1, $2)`, [
    String(seq),
    id,
  ])
  return { id, seq }
}

async function wait(
  event: { readonly id: string; readonly seq: number },
  client: Client | Pool = pool,
): Promise<void> {
  await client.query(
    'insert into hub.queue (integration_id, seq, event_id, body_bytes) values (1, $1, $2, 1)',
    [event.seq, event.id],
  )
}

async function idsIn(table: string, column = 'id'): Promise<readonly string[]> {
  const found = await pool.query<{ id: string }>(`select ${column} as id from hub.${table} order by 1`)
  return found.rows.map((row) => row.id)
}

// Seen to fail without the first `keepOwedEvents`, and without the exception for kept events in `forgetBatch`.
test('a day whose time is over is dropped, and what it still owes is kept with its key', async () => {
  const ended = await addEvent(oldDay)
  const waiting = await addEvent(oldDay)
  await wait(waiting)
  const fresh = await addEvent(now)
  const telemetry = new Telemetry((error) => assert.fail(error as Error))
  const retained: { readonly day: string; readonly keptEvents: number }[] = []
  telemetry.on('retained', ({ day, keptEvents }) => retained.push({ day, keptEvents }))

  await new Retention({ ...forAMonth, telemetry }).tick()

  assert.deepEqual(await idsIn('events'), [fresh.id])
  assert.deepEqual(await idsIn('events_kept'), [waiting.id])
  assert.deepEqual(await idsIn('event_keys', 'key_hash'), [waiting.id, fresh.id].toSorted())
  assert.deepEqual(await idsIn('business_keys', 'event_id'), [waiting.id, fresh.id].toSorted())
  assert.ok(!(await idsIn('event_keys', 'key_hash')).includes(ended.id))
  assert.ok(!(await listPartitions(pool)).some(({ day }) => day.getTime() === oldDay.getTime()))
  assert.deepEqual(new Set(retained.map(({ day }) => day)), new Set([oldDay.toISOString().slice(0, 10)]))
})

// Seen to fail with: forgotten only with the day of their events, which is long gone.
test('what a deleted integration left dead is forgotten with it, however old it is', async () => {
  await pool.query(
    `insert into hub.integrations (id, name, spec, signing) overriding system value values (7, 'gone', '{}', '{}')`,
  )
  await createPartitions(pool, [oldDay])
  const letter = await addEvent(oldDay)
  await pool.query(
    `insert into hub.dead_letters (integration_id, seq, event_id, body_bytes, state, died_at, attempts, counted, error_class, message, error)
     values (7, $1, $2, 1, 'dead', now(), 1, 1, 'internal', 'x', 'x')`,
    [letter.seq, letter.id],
  )
  const telemetry = new Telemetry((error) => assert.fail(error as Error))
  const retention = new Retention({ ...forAMonth, telemetry })
  await retention.tick()
  assert.ok((await idsIn('events_kept')).includes(letter.id))
  await pool.query('update hub.integrations set deleted_at = now() where id = 7')
  await retention.tick()
  assert.ok(!(await idsIn('events_kept')).includes(letter.id))
  assert.deepEqual(await idsIn('dead_letters', 'event_id'), [])
})

// Seen to fail with: only what the day owed before it was closed kept.
test('what is committed while its day is being closed is kept as well', async () => {
  const lateDay = new Date(oldDay.getTime() - dayMs)
  await createPartitions(pool, [lateDay])
  const client = await pool.connect()
  await client.query('begin')
  const late = await addEvent(lateDay, client)
  await wait(late, client)
  const telemetry = new Telemetry((error) => assert.fail(error as Error))
  const retention = new Retention({ ...forAMonth, telemetry })
  const ticking = retention.tick()
  await until('the day waits for what is under way', async () => {
    const waiting = await pool.query(
      `select from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like '%detach partition%'`,
    )
    return waiting.rowCount === 1
  })
  await client.query('commit')
  client.release()
  await ticking
  assert.ok((await idsIn('events_kept')).includes(late.id))
})

// Seen to fail, just after midnight, with: all days before today.
test('days are dropped by size, oldest first, but none to which something may still be added', async () => {
  const today = startOfDay(now)
  const yesterday = new Date(today.getTime() - dayMs)
  await createPartitions(pool, [yesterday, today])
  const telemetry = new Telemetry((error) => assert.fail(error as Error))
  const daysAfter = async (at: Date) => {
    await new Retention({ ...forAMonth, retentionBytes: 1, telemetry, now: () => at }).tick()
    return new Set((await listPartitions(pool)).map(({ day }) => day.getTime()))
  }
  const justAfterMidnight = new Date(today.getTime() + 1_000)
  assert.deepEqual(await daysAfter(justAfterMidnight), new Set([yesterday.getTime(), today.getTime()]))
  assert.deepEqual(await daysAfter(now), new Set([today.getTime()]))
})

test('what has waited longer than its integration lets it is dead, and newer ones go on waiting', async () => {
  await createPartitions(pool, [startOfDay(new Date(now.getTime() - 3 * dayMs))])
  await pool.query('delete from hub.queue')
  const old = await addEvent(new Date(now.getTime() - 3 * dayMs))
  const young = await addEvent(now)
  const retried = await addEvent(new Date(now.getTime() - 3 * dayMs))
  for (const event of [old, young, retried]) await wait(event)
  await pool.query('update hub.queue set restarted_at = $2 where event_id = $1', [retried.id, now])
  // Seen to fail with: only the oldest looked at.
  await pool.query(
    `insert into hub.queue (integration_id, seq, event_id, body_bytes, restarted_at)
     select 1, seq, $1, 3, $2 from generate_series(1, 600) as seq`,
    [retried.id, now],
  )
  const integration = sampleIntegration({ kind: 'http', url: 'http://127.0.0.1/' })
  const limited = { ...integration, id: 1, spec: { ...integration.spec, expireAfterDays: 2 } }

  assert.equal(await expireWaiting({ pool, nodeKey: 'node', find: () => limited }, [1], now), 1)

  await pool.query('delete from hub.queue where body_bytes = 3')
  assert.deepEqual(await idsIn('queue', 'event_id'), [young.id, retried.id].toSorted())
  const letters = await pool.query('select event_id, error_class, state from hub.dead_letters')
  assert.deepEqual(letters.rows, [{ event_id: old.id, error_class: 'expired', state: 'dead' }])
  const attempts = await pool.query('select n, outcome, ended from hub.attempts')
  assert.deepEqual(attempts.rows, [{ n: 0, outcome: 'expired', ended: 'dead' }])
})

// Seen to fail with: rows that a node holds taken; `onExhausted` not looked at; a group named by what grouping leaves out.
test('what waits for a target that is down ends when the time of its policy is over, as the policy says', async () => {
  await pool.query('truncate hub.queue, hub.dead_letters, hub.attempts, hub.counters')
  const old = await addEvent(new Date(now.getTime() - 60_000))
  const held = await addEvent(new Date(now.getTime() - 60_000))
  const young = await addEvent(now)
  for (const event of [old, held, young]) await wait(event)
  await pool.query('update hub.queue set owner = 7 where event_id = $1', [held.id])
  const { spec, ...integration } = sampleIntegration({ kind: 'http', url: 'http://127.0.0.1/' })
  const retry = { ...spec.retry, giveUpAfterMs: 30_000 }
  const down = { ...integration, id: 1, spec: { ...spec, retry, onExhausted: 'manual' } } as const

  assert.equal(await giveUpWaiting({ pool, nodeKey: 'node', find: () => down }, [1], now), 1)

  assert.deepEqual(await idsIn('queue', 'event_id'), [held.id, young.id].toSorted())
  const letters = await pool.query('select event_id, error_class, state, message from hub.dead_letters')
  const message = 'Its target was down until the <n> ms of giveUpAfterMs were over.'
  assert.deepEqual(letters.rows, [{ event_id: old.id, error_class: 'expired', state: 'manual', message }])
  const counted = await pool.query(
    'select sum(queued)::int as queued, sum(manual)::int as manual from hub.counters',
  )
  assert.deepEqual(counted.rows, [{ queued: -1, manual: 1 }])
})
