import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../testing/database.ts'
import { flushTransaction } from './burst.ts'
import {
  beginByIndex,
  CommitUnknownError,
  isDataError,
  isMissingPartition,
  openPool,
  transaction,
  type Pool,
} from './database.ts'

let database: TestDatabase
let pool: Pool

before(async () => {
  database = await createTestDatabase()
  pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 2 }, () => undefined)
  await pool.query(`
    create table things (id int primary key, name text check (name <> ''));
    create table days (id int) partition by range (id);
    create table days_1 partition of days for values from (0) to (10);
    create function cut() returns trigger language plpgsql as
      $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
    create table cut_in_commit (id int);
    create constraint trigger cut after insert on cut_in_commit deferrable initially deferred
      for each row execute function cut();
    create table refused_in_commit (id int unique deferrable initially deferred)`)
})

after(async () => {
  await pool.end()
  await database.drop()
})

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => assert.fail('it should have failed'),
    (error: unknown) => error,
  )
}

test('what is committed stays, what fails leaves nothing', async () => {
  await transaction(pool, (client) => client.query(`insert into things values (1, 'kept')`))
  await errorOf(
    transaction(pool, async (client) => {
      await client.query(`insert into things values (2, 'not kept')`)
      throw new Error('no')
    }),
  )
  const { rows } = await pool.query('select id from things')
  assert.deepEqual(rows, [{ id: 1 }])
})

test('a connection that is cut while in use fails its transaction only, and is not used again', async () => {
  const error = await errorOf(
    transaction(pool, (client) => client.query('select pg_terminate_backend(pg_backend_pid())')),
  )
  assert.ok(!(error instanceof CommitUnknownError))
  for (let index = 0; index < 3; index++) await transaction(pool, (client) => client.query('select 1'))
})

// Seen to fail, by an error that would end the process, with: no listener on connections that are in use.
test('a connection that is cut while nothing runs on it fails the next statement', async () => {
  const error = await errorOf(
    transaction(pool, async (client) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      const ended = new Promise((resolve) => client.once('end', resolve))
      await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
      await ended
      await client.query('select 1')
    }),
  )
  assert.ok(error instanceof Error)
  await pool.query('select 1')
})

// Seen to fail with: the error of COMMIT passed on as it is; 57P taken for an answer of the server.
test('only a connection lost in COMMIT leaves unknown what is on disk', async () => {
  const lost = await errorOf(
    transaction(pool, (client) => client.query('insert into cut_in_commit values (1)')),
  )
  assert.ok(lost instanceof CommitUnknownError)
  const refused = await errorOf(
    transaction(pool, (client) => client.query('insert into refused_in_commit values (1), (1)')),
  )
  assert.ok(!(refused instanceof CommitUnknownError))
  assert.ok(isDataError(refused))
})

// Seen to fail with: any violation of a check taken for it; the English text looked for.
test('a missing partition is told from data that cannot be stored, in any language', async () => {
  const noPartition = await errorOf(pool.query('insert into days values (11)'))
  assert.ok(isMissingPartition(noPartition))
  const refused = await errorOf(pool.query(`insert into things values (3, '')`))
  assert.ok(!isMissingPartition(refused))
  assert.ok(isDataError(refused))
  const down = await errorOf(pool.query('select no_such_column'))
  assert.ok(!isMissingPartition(down) && !isDataError(down))
})

test('the server ends a transaction that its client leaves alone, whatever it began with', async () => {
  const limit = 'show idle_in_transaction_session_timeout'
  const flush = (walksIndexes: boolean) =>
    flushTransaction(pool, { walksIndexes, first: [{ sql: limit }] }, async (_client, [found]) => ({
      value: found,
      last: [],
    }))
  const shown = await Promise.all([
    transaction(pool, (client) => client.query(limit)),
    transaction(pool, (client) => client.query(limit), beginByIndex),
    flush(false),
    flush(true),
  ])
  assert.deepEqual(
    shown.map((result) => Object.values(result?.rows[0] ?? {})),
    [['10s'], ['10s'], ['10s'], ['10s']],
  )
})
