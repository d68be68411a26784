// postgres.js may let statements of others into a transaction while its pool is saturated.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import type postgres from 'postgres'
import { createTestDatabase } from '../src/testing/database.ts'
import { createOutbox, type UndeclaredEvents } from '../src/index.ts'

const isInstalled = fs.existsSync(new URL('./generated/client.ts', import.meta.url))
const skip =
  isInstalled || process.env['CI'] ? false : 'not installed: npm run clients --workspace packages/outbox'

test('transactions of postgres.js keep to themselves while its pool is saturated', { skip }, async (t) => {
  const { default: connect } = await import('postgres')
  const { fromPostgresJs } = await import('../src/clients/postgres-js.ts')
  const database = await createTestDatabase()
  const host = decodeURIComponent(new URL(database.url).hostname)
  const sql = connect(database.url, { host, max: 2, onnotice: () => undefined })
  t.after(async () => {
    await sql.end()
    await database.drop()
  })
  const db = fromPostgresJs(sql)
  const outbox = createOutbox<UndeclaredEvents, postgres.TransactionSql>({
    db,
    settings: { leaseMs: 60_000 },
  })
  await outbox.migrate()
  await sql`create table transactions (id text not null, xid xid8 not null)`

  const note = async (tx: postgres.TransactionSql, id: string): Promise<void> => {
    await tx`insert into transactions (id, xid) values (${id}, pg_current_xact_id())`
  }
  class Undone extends Error {}
  outbox.subscribe({
    eventName: '**',
    consumerName: 'noting',
    ownTransaction: true,
    handler: async ({ aggregateId }, { tx }) => {
      for (let n = 0; n < 3; n++) await note(tx, `handler ${aggregateId}`)
      await tx.savepoint((inner) => note(inner, `handler ${aggregateId}`))
      await assert.rejects(
        tx.savepoint('undone', async (inner) => {
          await note(inner, 'undone')
          throw new Undone()
        }),
        Undone,
      )
    },
  })
  await outbox.start()
  const publish = (n: number): Promise<unknown> =>
    db.transaction(async (tx) => {
      for (let step = 0; step < 3; step++) await note(tx, `publisher ${n}`)
      await outbox.publish(
        { eventName: 'a', sourceModule: 's', aggregateType: 't', aggregateId: String(n), payload: {} },
        { tx },
      )
      if (n % 3 === 0) throw new Undone()
    })
  const results = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => publish(n)))
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 20)
  await outbox.drain()
  await outbox.stop()

  const rows = await sql<{ id: string; xids: number; count: number }[]>`
    select id, count(distinct xid)::int as xids, count(*)::int as count from transactions group by id`
  assert.equal(rows.filter(({ id }) => id.startsWith('publisher')).length, 40)
  assert.equal(rows.filter(({ id }) => id.startsWith('handler')).length, 40)
  assert.ok(rows.every(({ id }) => id !== 'undone'))
  // One of its own for each, but that a savepoint has none beside it: `pg_current_xact_id` is the outer one's.
  assert.deepEqual(
    rows.filter(({ xids }) => xids !== 1),
    [],
  )
})
