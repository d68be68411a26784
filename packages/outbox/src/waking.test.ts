import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { it } from 'node:test'
import { fromPg } from './clients/pg.ts'
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
