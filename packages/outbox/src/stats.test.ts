import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PermanentError } from './core/errors.ts'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()
const none = {
  pending: 0,
  processing: 0,
  processed: 0,
  failed: 0,
  skipped: 0,
  deadLettered: 0,
  oldestPendingAgeMs: null,
}

it('counts nothing where nothing is', async () => {
  const outbox = await outboxes.open()
  assert.deepEqual(await outbox.stats(), { ...none, perConsumer: [] })
})

it('counts by consumer, and shows what waits for one that is away', async () => {
  const schema = outboxes.newSchema()
  const away = await outboxes.open({ schema })
  away.subscribe({ eventName: '**', consumerName: 'away', handler: () => undefined })
  await away.drain()
  const outbox = await outboxes.open({ schema, settings: { 'retry.baseDelayMs': 60_000 } })
  outbox.subscribe({
    eventName: '**',
    consumerName: 'here',
    handler: ({ aggregateId }, ctx) => {
      if (aggregateId === 'skipped') ctx.skip('not ours')
      if (aggregateId === 'dead') throw new PermanentError('never')
      if (aggregateId === 'failed') throw new Error('not yet')
    },
  })
  await outbox.publishMany(['processed', 'skipped', 'dead', 'failed'].map((id) => event('order.placed', id)))
  await outbox.drain()
  const { perConsumer, oldestPendingAgeMs, ...totals } = await outbox.stats()
  const here = { processed: 1, skipped: 1, deadLettered: 1, failed: 1 }
  assert.deepEqual(totals, { pending: 4, processing: 0, ...here })
  assert.ok(oldestPendingAgeMs !== null && oldestPendingAgeMs < 60_000)
  assert.deepEqual(
    perConsumer.map((each) => ({ ...each, oldestPendingAgeMs: null })),
    [
      { ...none, consumerName: 'away', pending: 4 },
      { ...none, consumerName: 'here', ...here },
    ],
  )
})

it('counts what has just been published, also when nobody wants it', async () => {
  const outbox = await outboxes.open()
  await outbox.publish(event('order.placed'))
  assert.equal((await outbox.stats()).pending, 1)
  for (const consumerName of ['one', 'two'])
    outbox.subscribe({ eventName: '**', consumerName, from: 'beginning', handler: () => undefined })
  await outbox.publish(event('order.placed'))
  assert.equal((await outbox.stats()).pending, 4)
  await outbox.drain()
  assert.deepEqual((await outbox.stats()).processed, 4)
})
