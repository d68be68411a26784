import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../testing/database.ts'
import { sendBurst } from './burst.ts'
import { openPool, transaction, type Client, type Pool } from './database.ts'
import { flushHead, readFlushHead, type FlushHead } from './flush-head.ts'
import { migrate } from './migrate.ts'
import { beginEpoch } from './nodes.ts'

let database: TestDatabase
let pool: Pool
let epoch: number

before(async () => {
  database = await createTestDatabase()
  await migrate(database.url)
  pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 2 }, () => undefined)
  epoch = await beginEpoch(pool, { nodeKey: 'one', host: 'test', version: '0' }, 60_000)
})

after(async () => {
  await pool.end()
  await database.drop()
})

async function head(client: Client, of: number | null, count: number): Promise<FlushHead> {
  return readFlushHead(await sendBurst(client, flushHead(of, count)))
}

test('an epoch is alive until it is ended, and none is not', async () => {
  const [own, other, none] = await transaction(pool, async (client) => [
    await head(client, epoch, 1),
    await head(client, epoch + 1, 1),
    await head(client, null, 1),
  ])
  assert.deepEqual([own?.epochAlive, other?.epochAlive, none?.epochAlive], [true, false, false])
})

// Seen to fail with: the lock waited for. Behind the COMMIT of another flush that would keep its senders waiting.
test('whoever ends an epoch is not waited for', async () => {
  await transaction(pool, async (ending) => {
    await ending.query('select pg_advisory_xact_lock(7301, $1::int)', [epoch])
    const found = await transaction(pool, async (client) => {
      await client.query(`set local statement_timeout = '5s'`)
      return head(client, epoch, 1)
    })
    assert.equal(found.epochAlive, false)
  })
})

// Seen to fail with: one block taken for all.
test('every event of a flush has a seq of its own, also beyond a block, and a later flush higher ones', async () => {
  const [first, second] = await transaction(pool, async (client) => [
    await head(client, epoch, 2_500),
    await head(client, epoch, 1),
  ])
  const seqs = Array.from({ length: 2_500 }, (_, index) => first?.seqAt(index) ?? 0)
  assert.equal(new Set(seqs).size, 2_500)
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )
  assert.ok((second?.seqAt(0) ?? 0) > Math.max(...seqs))
})
