import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { until } from './testing/database.ts'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

/** Subscribes and remembers what comes. */
function collect(
  outbox: Awaited<ReturnType<Outboxes['open']>>,
  consumerName: string,
  eventName: string,
  from?: 'beginning',
) {
  const seen: string[] = []
  outbox.subscribe({
    eventName,
    consumerName,
    from,
    handler: (each) => void seen.push(`${each.eventName} ${each.aggregateId}`),
  })
  return seen
}

it('gives each consumer what its pattern wants, once', async () => {
  const outbox = await outboxes.open()
  const exact = collect(outbox, 'exact', 'invoice.created')
  const one = collect(outbox, 'one segment', 'invoice.*')
  const all = collect(outbox, 'all', '**')
  collect(outbox, 'none', 'order.**')
  await outbox.publishMany([event('invoice.created'), event('invoice.line.added'), event('invoice')])
  await outbox.drain()
  assert.deepEqual(exact, ['invoice.created 1'])
  assert.deepEqual(one, ['invoice.created 1'])
  assert.deepEqual(all, ['invoice.created 1', 'invoice.line.added 1', 'invoice 1'])
  assert.equal((await outbox.stats()).processed, 5)
})

it('begins now or at the beginning, as a new consumer wishes', async () => {
  const schema = outboxes.newSchema()
  const first = await outboxes.open({ schema })
  await first.publish(event('order.placed', 'handed out'))
  await first.drain()
  await first.publish(event('order.placed', 'not yet handed out'))

  const second = await outboxes.open({ schema })
  const fromNow = collect(second, 'from now', 'order.*')
  const fromBeginning = collect(second, 'from the beginning', 'order.*', 'beginning')
  await second.publish(event('order.placed', 'after'))
  await second.drain()
  assert.deepEqual(fromNow, ['order.placed after'])
  assert.deepEqual(fromBeginning, [
    'order.placed handed out',
    'order.placed not yet handed out',
    'order.placed after',
  ])
})

it('counts a transaction as after the subscription that commits after it', async () => {
  const schema = outboxes.newSchema()
  const publisher = await outboxes.open({ schema })
  const tx = await outboxes.pool.connect()
  await tx.query('begin')
  await publisher.publish(event('order.placed', 'open'), { tx })
  await publisher.publish(event('order.placed', 'committed'))

  const subscriber = await outboxes.open({ schema })
  const seen = collect(subscriber, 'late', 'order.placed')
  await subscriber.drain()
  await tx.query('commit')
  tx.release()
  await subscriber.drain()
  assert.deepEqual(seen, ['order.placed open'])
})

it('keeps the place of a consumer that comes back', async () => {
  const schema = outboxes.newSchema()
  const before = await outboxes.open({ schema })
  collect(before, 'away', 'order.placed')
  await before.drain()
  const meanwhile = await outboxes.open({ schema })
  await meanwhile.publishMany([event('order.placed', 'a'), event('order.placed', 'b')])
  await meanwhile.drain()
  assert.equal((await meanwhile.stats()).pending, 2)
  const back = await outboxes.open({ schema })
  const seen = collect(back, 'away', 'order.placed')
  await back.drain()
  assert.deepEqual(seen, ['order.placed a', 'order.placed b'])
})

it('catches up with many events while new ones arrive', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema, settings: { 'polling.intervalMs': 50, batchSize: 200 } })
  await outbox.publishMany(Array.from({ length: 2_500 }, (_, index) => event('order.placed', String(index))))
  await outbox.drain()
  const seen = collect(outbox, 'historian', '**', 'beginning')
  await outbox.start()
  await outbox.publishMany(Array.from({ length: 100 }, (_, index) => event('order.placed', `new ${index}`)))
  await until('all have come', () => seen.length >= 2_600)
  await outbox.drain()
  assert.equal(new Set(seen).size, 2_600)
  assert.equal(seen.length, 2_600)
})

it('lists consumers, and forgets one for good', async () => {
  const outbox = await outboxes.open()
  collect(outbox, 'stays', 'order.*')
  collect(outbox, 'goes', '**')
  await outbox.publish(event('order.placed'))
  const consumers = await outbox.consumers.list()
  assert.deepEqual(
    consumers.map(({ name, eventNames }) => [name, eventNames]),
    [
      ['goes', ['**']],
      ['stays', ['order.*']],
    ],
  )
  assert.equal(await outbox.consumers.remove('goes'), true)
  assert.equal(await outbox.consumers.remove('goes'), false)
  await outbox.drain()
  assert.deepEqual(
    (await outbox.stats()).perConsumer.map(({ consumerName, processed }) => [consumerName, processed]),
    [['stays', 1]],
  )
})

it('refuses a second handler of one consumer for the same event', async () => {
  const outbox = await outboxes.open()
  collect(outbox, 'double', 'order.*')
  assert.throws(() => collect(outbox, 'double', 'order.placed'), {
    code: 'overlapping_subscription',
    field: 'eventName',
  })
  assert.equal(outbox.registry.getHandlerCount(), 1)
})

it('knows the handlers of this process, higher priorities first', async () => {
  const outbox = await outboxes.open()
  const handler = () => undefined
  outbox.subscribe({ eventName: 'e', consumerName: 'none', handler })
  outbox.subscribe({ eventName: 'e', consumerName: 'high', priority: 10, handler })
  outbox.subscribe({ eventName: '*', consumerName: 'middle', priority: 5, handler })
  assert.deepEqual(
    outbox.registry.getHandlers('e').map(({ consumerName }) => consumerName),
    ['high', 'middle', 'none'],
  )
  assert.equal(outbox.registry.hasHandlers('other'), true)
  assert.equal(outbox.registry.hasHandlers('other.one'), false)
  assert.deepEqual(outbox.registry.getEventNames(), ['e', '*'])
  outbox.registry.clear()
  assert.equal(outbox.registry.getHandlerCount(), 0)
})

// Seen to fail with: a payload kept as the order key.
it('keeps a large payload once, however many consumers it has', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema })
  for (const consumerName of ['one', 'other'])
    outbox.subscribe({ eventName: '**', consumerName, handler: () => undefined })
  await outbox.publish(event('order.placed', '1', { text: randomBytes(250_000).toString('hex') }))
  await outbox.drain()
  const sizes = await outboxes.rows<{ bytes: number }>(
    `select pg_column_size(i.*) as bytes from ${schema}.inbox i`,
  )
  assert.equal(sizes.length, 2)
  assert.ok(sizes.every(({ bytes }) => bytes < 500))
})
