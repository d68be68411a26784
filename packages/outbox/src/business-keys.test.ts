import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PermanentError } from './core/errors.ts'
import { event, inMode, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()
const placed = (aggregateId: string, orderId: unknown) => event('order.placed', aggregateId, { orderId })

for (const mode of ['transaction', 'lease'] as const) {
  it(`handles a business key once (${mode} mode)`, async () => {
    const outbox = await outboxes.open()
    const seen: string[] = []
    outbox.subscribe(
      inMode(mode, {
        eventName: '**',
        consumerName: 'stock',
        idempotencyKey: ({ payload }) => (payload as { orderId: number }).orderId,
        handler: ({ aggregateId }) => void seen.push(aggregateId),
      }),
    )
    await outbox.publishMany([placed('a', 7), placed('b', 7), placed('c', 8)])
    await outbox.drain()
    await outbox.publish(placed('d', 7))
    await outbox.drain()
    assert.deepEqual(seen, ['a', 'c'])
    const entries = await outbox.inbox.find({ consumerName: 'stock', state: 'skipped' })
    assert.equal(entries.length, 2)
    assert.match(entries[0]?.skipReason ?? '', /business key/)
  })

  it(`leaves the business key of what failed or was skipped to others (${mode} mode)`, async () => {
    const outbox = await outboxes.open()
    const seen: string[] = []
    outbox.subscribe(
      inMode(mode, {
        eventName: '**',
        consumerName: 'stock',
        idempotencyKey: () => 'the same',
        handler: ({ aggregateId }, ctx) => {
          if (aggregateId === 'failing') throw new PermanentError('never')
          if (aggregateId === 'skipping') ctx.skip('not ours')
          else seen.push(aggregateId)
        },
      }),
    )
    await outbox.publishMany(['failing', 'skipping', 'first', 'second'].map((id) => placed(id, 1)))
    await outbox.drain()
    assert.deepEqual(seen, ['first'])
  })
}

it('lets one of two that run at once have the key, and the other only if that fails', async () => {
  const outbox = await outboxes.open({ settings: { batchSize: 10 } })
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'stock',
    ownTransaction: true,
    concurrency: 2,
    idempotencyKey: () => 'the same',
    handler: async ({ aggregateId }, ctx) => {
      await ctx.tx.query('select pg_sleep(0.05)')
      if (seen.push(aggregateId) === 1) throw new PermanentError('the first one fails')
    },
  })
  await outbox.publishMany([placed('a', 1), placed('b', 1), placed('c', 1)])
  await outbox.drain()
  assert.equal(seen.length, 2)
  const { processed, deadLettered, skipped } = await outbox.stats()
  assert.deepEqual({ processed, deadLettered, skipped }, { processed: 1, deadLettered: 1, skipped: 1 })
})

it('fails an event whose business key is missing, and says so', async () => {
  const outbox = await outboxes.open()
  outbox.subscribe({
    eventName: '**',
    consumerName: 'stock',
    idempotencyKey: ({ payload }) => (payload as { orderId: string }).orderId,
    handler: () => undefined,
  })
  await outbox.publish(placed('a', undefined))
  await outbox.drain()
  const [letter] = await outbox.deadLetters.list()
  assert.match(letter?.error ?? '', /idempotencyKey must return/)
})
