// A process of the crash rounds: handles events, a little slowly, until it is killed.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { fromPg } from '../clients/pg.ts'
import { createOutbox } from '../outbox.ts'
import type { CrashWork } from './crash-rounds.ts'

const work = JSON.parse(process.argv[2] ?? '') as CrashWork
const pool = new pg.Pool({ connectionString: work.databaseUrl })
const outbox = createOutbox({
  db: fromPg(pool),
  schema: work.schema,
  settings: { leaseMs: 500, 'polling.intervalMs': 20, 'polling.idleIntervalMs': 20, 'retry.baseDelayMs': 20 },
})
const pause = () => sleep(Math.random() * 4)
const handled = 'insert into handled (consumer, event_id, step) values ($1, $2, $3)'

outbox.subscribe({
  eventName: 'order.*',
  consumerName: 'writer',
  handler: async (event, ctx) => {
    await ctx.tx.query(handled, ['writer', event.id, event.payload.step])
    await pause()
    await ctx.publish({ ...event, eventName: 'followed.up' })
  },
})
outbox.subscribe({
  eventName: 'followed.up',
  consumerName: 'follower',
  handler: async (event, ctx) => {
    await ctx.tx.query(handled, ['follower', event.causationId, event.payload.step])
  },
})
outbox.subscribe({
  eventName: 'order.*',
  consumerName: 'orderly',
  ordering: 'aggregate',
  concurrency: 2,
  handler: async (event, ctx) => {
    await pause()
    await ctx.tx.query(handled, ['orderly', event.id, event.payload.step])
  },
})
outbox.subscribe({
  eventName: 'order.*',
  consumerName: 'caller',
  mode: 'lease',
  concurrency: 4,
  handler: async (event) => {
    await pause()
    // The outside world: it keeps what it was told, whatever becomes of this process.
    await pool.query(handled, ['caller', event.id, event.payload.step])
  },
})
await outbox.start()
process.stdout.write('ready\n')
