import assert from 'node:assert/strict'
import { it } from 'node:test'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

it('hands a time to one consumer again, as a new generation', async () => {
  const outbox = await outboxes.open()
  const seen: string[] = []
  for (const consumerName of ['one', 'two'])
    outbox.subscribe({
      eventName: 'order.*',
      consumerName,
      idempotencyKey: ({ aggregateId }) => aggregateId,
      handler: ({ eventName, aggregateId }) => void seen.push(`${consumerName} ${eventName} ${aggregateId}`),
    })
  await outbox.publish(event('order.placed', 'before'))
  const from = await databaseTime()
  await outbox.publishMany([
    event('order.placed', 'a'),
    event('order.closed', 'b'),
    event('invoice.created', 'c'),
  ])
  const to = await databaseTime()
  await outbox.publish(event('order.placed', 'after'))
  await outbox.drain()
  seen.length = 0

  assert.equal(await outbox.replay({ consumerName: 'one', from, to }), 2)
  await outbox.drain()
  assert.deepEqual(seen, ['one order.placed a', 'one order.closed b'])
  assert.equal(await outbox.replay({ consumerName: 'one', from, to, eventName: '*.closed' }), 1)
  assert.equal(await outbox.replay({ consumerName: 'one', from, to, eventName: 'order.placed' }), 1)
  // What has not been handled yet is there once, not twice.
  assert.equal(await outbox.replay({ consumerName: 'one', from, to }), 0)
  await outbox.drain()
  const entries = await outbox.inbox.find({ consumerName: 'one', eventName: 'order.closed' })
  assert.deepEqual(
    entries.map(({ generation, state }) => [generation, state]),
    [[2, 'processed']],
  )
})

it('replays more than one batch, in order', async () => {
  const outbox = await outboxes.open()
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'any',
    ordering: 'aggregate',
    handler: ({ aggregateId }) => void seen.push(aggregateId),
  })
  const ids = Array.from({ length: 2_500 }, (_, index) => String(index))
  await outbox.publishMany(ids.map((id) => event('order.placed', id)))
  assert.equal(await outbox.replay({ consumerName: 'any', from: new Date(0) }), 2_500)
  await outbox.drain()
  assert.deepEqual(seen, ids)
})

it('refuses unknown consumers and wrong times', async () => {
  const outbox = await outboxes.open()
  const from = new Date(0)
  await assert.rejects(outbox.replay({ consumerName: 'nobody', from }), {
    code: 'unknown_consumer',
    field: 'consumerName',
  })
  await assert.rejects(outbox.replay({ consumerName: 'nobody', from: 'then' as unknown as Date }), {
    field: 'from',
  })
  await assert.rejects(outbox.replay({ consumerName: 'nobody', from, eventName: 'a*' }), {
    field: 'eventName',
  })
})

/** Later than what was published before, earlier than what comes after; JavaScript knows milliseconds only. */
async function databaseTime(): Promise<Date> {
  await outboxes.rows('select pg_sleep(0.002)')
  const [row] = await outboxes.rows<{ now: Date }>('select clock_timestamp() as now')
  await outboxes.rows('select pg_sleep(0.002)')
  return row?.now ?? new Date()
}
