import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { createTestDatabase } from './database.ts'

test('each database is its own and is gone after its drop', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()])
  const client = new pg.Client({ connectionString: one.url })
  await client.connect()
  await client.query('create table only_here (id int)')
  await client.end()
  const otherClient = new pg.Client({ connectionString: other.url })
  await otherClient.connect()
  const { rows } = await otherClient.query("select to_regclass('only_here') as found")
  await otherClient.end()
  assert.deepEqual(rows, [{ found: null }])

  await Promise.all([one.drop(), other.drop()])
  await assert.rejects(new pg.Client({ connectionString: one.url }).connect(), { code: '3D000' })
})
