import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { createTestDatabase } from '../testing/database.ts'
import { CommitUnknownError, openPool } from './database.ts'
import { isStoreUnavailable } from './unavailable.ts'

function coded(code: string): Error {
  return Object.assign(new Error('x'), { code })
}

test('what may succeed later is told from what will not', () => {
  for (const code of ['08006', '53300', '57P01', '57014', '40P01', 'ECONNREFUSED', 'EPIPE'])
    assert.ok(isStoreUnavailable(coded(code)), code)
  for (const code of ['22021', '23505', '42P01', 'ENOENT'])
    assert.equal(isStoreUnavailable(coded(code)), false, code)
  assert.ok(isStoreUnavailable(new CommitUnknownError(null)))
  assert.ok(isStoreUnavailable(new AggregateError([coded('ECONNREFUSED')])))
  assert.equal(isStoreUnavailable(new TypeError('x is not a function')), false)
  assert.equal(isStoreUnavailable('x'), false)
})

test('a server that is not there, and one that ends the session', async () => {
  await assert.rejects(new pg.Client({ host: '127.0.0.1', port: 1 }).connect(), isStoreUnavailable)
  const database = await createTestDatabase()
  const pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 1 }, () => undefined)
  const client = await pool.connect()
  client.on('error', () => undefined)
  const ended = client.query('select pg_terminate_backend(pg_backend_pid())')
  await assert.rejects(ended, isStoreUnavailable)
  await assert.rejects(client.query('select 1'), isStoreUnavailable)
  client.release(true)
  await pool.end()
  await database.drop()
})
