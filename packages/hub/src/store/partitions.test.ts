import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createEventId } from '../core/ids.ts'
import { createTestDatabase, type TestDatabase } from '../testing/database.ts'
import { isMissingPartition, openPool, type Pool } from './database.ts'
import { migrate } from './migrate.ts'
import {
  createPartitions,
  detachPartition,
  dropDetachedPartition,
  ensurePartitions,
  listPartitions,
  sealPartition,
  type Partition,
} from './partitions.ts'

let database: TestDatabase
let pool: Pool

before(async () => {
  database = await createTestDatabase()
  await migrate(database.url)
  pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 4 }, assert.fail)
})

after(async () => {
  await pool.end()
  await database.drop()
})

async function insertEvent(time: Date): Promise<string> {
  const id = createEventId(time.getTime(), Buffer.alloc(10, 7))
  await pool.query(
    `insert into hub.events (id, seq, source_id, type, body, sha256, routes)
     values ($1, 1, 1, 'a', 'x', sha256('x'), '{}')`,
    [id],
  )
  return id
}

async function insertAttempt(at: Date): Promise<void> {
  await pool.query(
    `insert into hub.attempts (at, integration_id, seq, event_id, n, started_at, duration_ms, outcome, counted)
     values ($1, 1, 1, gen_random_uuid(), 1, $1, 1, 'failed', true)`,
    [at],
  )
}

async function find(name: string): Promise<Partition> {
  const found = (await listPartitions(pool)).find((partition) => partition.name === name)
  assert.ok(found, `there is no partition ${name}`)
  return found
}

test('the days around now are created by whoever comes first', async () => {
  const now = new Date('2031-03-01T23:59:59.999Z')
  await Promise.all([ensurePartitions(pool, now), ensurePartitions(pool, now), ensurePartitions(pool, now)])
  await ensurePartitions(pool, now)
  const names = (await listPartitions(pool)).map(({ name }) => name).filter((name) => name.includes('_2031'))
  const days = ['20310228', '20310301', '20310302', '20310303']
  assert.deepEqual(names.toSorted(), [
    ...days.map((day) => `attempts_${day}`),
    ...days.map((day) => `events_${day}`),
  ])
  for (const time of ['2031-02-28T00:00:00.000Z', '2031-03-01T23:59:59.999Z', '2031-03-03T23:59:59.999Z']) {
    await insertEvent(new Date(time))
    await insertAttempt(new Date(time))
  }
})

test('a day without a partition is recognised, and can be created then', async () => {
  const day = new Date('2032-06-01T00:00:00Z')
  await assert.rejects(insertEvent(day), isMissingPartition)
  await assert.rejects(insertAttempt(day), isMissingPartition)
  await createPartitions(pool, [day])
  await insertEvent(day)
  await insertAttempt(day)
})

test('a new partition has the indexes, the checks and the uncompressed payloads of its table', async () => {
  await createPartitions(pool, [new Date('2032-06-02T00:00:00Z')])
  const { rows } = await pool.query(`
    select (select array_agg(indexdef order by indexdef) from pg_indexes where tablename = 'events_20320602') as indexes,
      (select attstorage from pg_attribute where attrelid = 'hub.events_20320602'::regclass and attname = 'body') as body,
      (select count(*) from pg_constraint where conrelid = 'hub.events_20320602'::regclass and contype = 'c') as checks`)
  assert.equal(rows[0].indexes.length, 3)
  assert.deepEqual([rows[0].body, rows[0].checks], ['e', 2])
})

test('a sealed partition is frozen by the next autovacuum, and only then', async () => {
  await createPartitions(pool, [new Date('2032-06-03T00:00:00Z')])
  const partition = await find('events_20320603')
  assert.equal(partition.isSealed, false)
  await sealPartition(pool, partition)
  assert.equal((await find('events_20320603')).isSealed, true)
})

test('a day leaves its table while others read and write it', async () => {
  const [old, kept] = [new Date('2032-07-01T12:00:00Z'), new Date('2032-07-02T12:00:00Z')]
  await createPartitions(pool, [new Date('2032-07-01T00:00:00Z'), new Date('2032-07-02T00:00:00Z')])
  await insertEvent(old)
  const partition = await find('events_20320701')
  const reader = await pool.connect()
  await reader.query('begin; select count(*) from hub.events')
  const detached = detachPartition(pool, partition)
  const id = await insertEvent(kept)
  await reader.query('commit')
  reader.release()
  await detached
  const gone = await find('events_20320701')
  assert.equal(gone.state, 'detached')
  await dropDetachedPartition(pool, gone)
  await assert.rejects(insertEvent(old), isMissingPartition)
  const { rows } = await pool.query('select id from hub.events where id = $1', [id])
  assert.equal(rows.length, 1)
})

test('a detachment that was cut off is finished', async () => {
  await createPartitions(pool, [new Date('2032-08-01T00:00:00Z')])
  const reader = await pool.connect()
  await reader.query('begin; select count(*) from hub.events')
  const client = await pool.connect()
  await client.query("set statement_timeout = '50ms'")
  await assert.rejects(
    client.query('alter table hub.events detach partition hub.events_20320801 concurrently'),
    {
      code: '57014',
    },
  )
  client.release(true)
  await reader.query('commit')
  reader.release()
  const partition = await find('events_20320801')
  assert.equal(partition.state, 'detaching')
  await detachPartition(pool, partition)
  assert.equal((await find('events_20320801')).state, 'detached')
})
