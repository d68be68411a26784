import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { fromPg } from './clients/pg.ts'
import type { Database } from './database.ts'
import { until } from './testing/database.ts'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

it('handles at once what this process publishes, with or without a transaction', async () => {
  const outbox = await outboxes.open()
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'quick',
    handler: (each) => void seen.push(each.aggregateId),
  })
  await outbox.start()
  await outbox.publish(event('order.placed', 'by itself'))
  await until('the first is handled', () => seen.length === 1, 2_000)
  const tx = await outboxes.pool.connect()
  await tx.query('begin')
  await outbox.publish(event('order.placed', 'in a transaction'), { tx })
  await tx.query('commit')
  tx.release()
  // Polling alone would take five seconds.
  await until('the second is handled', () => seen.length === 2, 2_000)
  await outbox.stop()
})

it('soon sees the end of a transaction whose client does not know of it', async () => {
  const outbox = await outboxes.open({ db: { ...fromPg(outboxes.pool), hasEnded: () => undefined } })
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'quick',
    handler: (each) => void seen.push(each.aggregateId),
  })
  await outbox.start()
  await outbox.drain()
  const tx = await outboxes.pool.connect()
  await tx.query('begin')
  await outbox.publish(event('order.placed', 'unannounced'), { tx })
  await tx.query('commit')
  tx.release()
  // Polling alone would take five seconds.
  await until('it is handled', () => seen.length === 1, 2_000)
  await outbox.stop()
})

it('runs handlers outside of the asynchronous context of whoever published', async () => {
  const outbox = await outboxes.open()
  const request = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'apart',
    handler: () => void seen.push(request.getStore()),
  })
  await outbox.start()
  // While the loop is in a round, nobody else's context can get into it.
  await outbox.drain()
  await request.run('the request', () => outbox.publish(event('order.placed')))
  await until('the first is handled', () => seen.length === 1)
  const tx = await outboxes.pool.connect()
  await request.run('another request', async () => {
    await tx.query('begin')
    await outbox.publish(event('order.placed'), { tx })
    await tx.query('commit')
  })
  tx.release()
  await until('both are handled', () => seen.length === 2)
  assert.deepEqual(seen, [undefined, undefined])
  await outbox.stop()
})

// Seen to fail with: handlers that are waited for before publishing returns.
it('runs no handler within publishing, and no failure of one reaches who publishes', async () => {
  const outbox = await outboxes.open()
  const published = Promise.withResolvers<void>()
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'failing',
    handler: async ({ aggregateId }) => {
      await published.promise
      seen.push(aggregateId)
      throw new Error('not today')
    },
  })
  await outbox.start()
  const publishing = outbox.publish(event('order.placed', 'by itself'))
  const wasInTime = await Promise.race([publishing.then(() => true), sleep(5_000, false)])
  published.resolve()
  assert.ok(wasInTime, 'publishing waits for the handler')
  await until('the first has failed', () => seen.length > 0)
  const tx = await outboxes.pool.connect()
  await tx.query('begin')
  await outbox.publish(event('order.placed', 'in a transaction'), { tx })
  await outbox.drain()
  assert.ok(!seen.includes('in a transaction'), 'handled before it was committed')
  await tx.query('commit')
  tx.release()
  await until('the second has failed', () => seen.includes('in a transaction'))
  await outbox.stop()
})

/** The application's client, with what it is asked counted. */
function counting(): { readonly db: Database<pg.PoolClient>; readonly asked: () => number } {
  const db: Database<pg.PoolClient> = fromPg(outboxes.pool)
  let asked = 0
  const query: typeof db.query = (text, values) => {
    asked++
    return db.query(text, values)
  }
  const transaction: typeof db.transaction = (work) => {
    asked++
    return db.transaction(work)
  }
  return { db: { ...db, query, transaction }, asked: () => asked }
}

// Seen to fail with: a poll each second.
it('asks next to nothing while nothing is published', async () => {
  const { db, asked } = counting()
  const outbox = await outboxes.open({ db })
  outbox.subscribe({ eventName: '**', consumerName: 'idle', handler: () => undefined })
  await outbox.start()
  await outbox.drain()
  const askedSoFar = asked()
  await sleep(3_000)
  // The settings are looked at every two seconds.
  assert.ok(asked() - askedSoFar <= 3, `${asked() - askedSoFar} times in three seconds`)
  await outbox.stop()
})
