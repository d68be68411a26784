import assert from 'node:assert/strict'
import { it } from 'node:test'
import type pg from 'pg'
import { fromPg } from './clients/pg.ts'
import type { Database } from './database.ts'
import { until } from './testing/database.ts'
import { event, inMode, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

/** The database, which can be away. */
function interruptible(): { db: Database<pg.PoolClient>; outage: { isOn: boolean; refused: number } } {
  const db = fromPg(outboxes.pool)
  const outage = { isOn: false, refused: 0 }
  const check = () => {
    if (!outage.isOn) return
    outage.refused += 1
    throw new Error('connect ECONNREFUSED')
  }
  return {
    outage,
    db: {
      query: async (text, values) => {
        check()
        return db.query(text, values)
      },
      within: (tx) => db.within(tx),
      transaction: async (work) => {
        check()
        return db.transaction(work)
      },
    },
  }
}

for (const mode of ['transaction', 'lease'] as const) {
  it(`waits for the database and goes on, with a word when it goes and one when it is back (${mode} mode)`, async () => {
    const { db, outage } = interruptible()
    const lines: string[] = []
    const say = (message: string) => void lines.push(message)
    const outbox = await outboxes.open({
      db,
      logger: { info: say, warn: say, error: say },
      settings: { leaseMs: 300, 'polling.intervalMs': 20, 'polling.idleIntervalMs': 20 },
    })
    const seen: string[] = []
    outbox.subscribe(
      inMode(mode, {
        eventName: '**',
        consumerName: 'any',
        handler: async ({ aggregateId }) => {
          if (aggregateId === 'goes away' && !seen.includes(aggregateId)) outage.isOn = true
          seen.push(aggregateId)
        },
      }),
    )
    await outbox.start()
    await outbox.publishMany([event('order.placed', 'goes away'), event('order.placed', 'meanwhile')])
    await until('it has asked again and again', () => outage.refused > 5)
    outage.isOn = false
    await outbox.publish(event('order.placed', 'after'))
    await until('all is handled', async () => (await outbox.stats()).processed === 3)
    await until('it has said so', () => lines.length >= 2)
    await outbox.stop()
    assert.deepEqual(new Set(seen), new Set(['goes away', 'meanwhile', 'after']))
    const about = lines.filter((line) => line.includes('reach'))
    assert.deepEqual(about, [
      'The outbox can not reach its tables; it waits and goes on when they are back.',
      'The outbox reaches its tables again.',
    ])
  })
}

it('survives connections that are cut in the middle of a handler and of a commit', async () => {
  const outbox = await outboxes.open({
    settings: { leaseMs: 1_000, 'polling.intervalMs': 20, 'polling.idleIntervalMs': 20, maxAttempts: 1_000 },
  })
  await outboxes.rows('create table written (id text primary key)')
  outbox.subscribe({
    eventName: '**',
    consumerName: 'writer',
    handler: async ({ aggregateId }, ctx) => {
      await ctx.tx.query('insert into written values ($1)', [aggregateId])
      await new Promise((resolve) => setImmediate(resolve))
    },
  })
  await outbox.start()
  const ids = Array.from({ length: 400 }, (_, index) => String(index))
  await outbox.publishMany(ids.map((id) => event('order.placed', id)))
  for (let round = 0; round < 20; round += 1) {
    await outboxes
      .rows(
        `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and random() < 0.7`,
      )
      .catch(() => undefined)
  }
  await until('all is handled', async () => {
    const stats = await outbox.stats().catch(() => undefined)
    return stats?.processed === ids.length
  })
  await outbox.stop()
  // A row handled twice would have failed on the primary key; a row marked without its writing would be missing.
  assert.equal((await outboxes.rows('select id from written')).length, ids.length)
})
