import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { StandardSchema } from './core/standard-schema.ts'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

async function countEvents(schema: string): Promise<number> {
  const [row] = await outboxes.rows<{ count: number }>(`select count(*)::int as count from ${schema}.events`)
  return row?.count ?? 0
}

it('hands over what was published, unchanged', async () => {
  const outbox = await outboxes.open()
  const seen: unknown[] = []
  outbox.subscribe({ eventName: '**', consumerName: 'seer', handler: (each) => void seen.push(each) })
  const timestamp = new Date('2026-01-02T03:04:05.678Z')
  const given = {
    ...event('order.placed', '7', { text: 'a\u0000b "\\" \ud800 é', list: [1, null, 1e21], z: 1, a: 2 }),
    metadata: { producer: 'shop' },
    correlationId: 'story',
    causationId: 'cause',
    schemaVersion: 3,
    timestamp,
  }
  const id = await outbox.publish(given)
  await outbox.drain()
  assert.deepEqual(seen, [{ ...given, id }])
  assert.equal(JSON.stringify((seen[0] as { payload: unknown }).payload), JSON.stringify(given.payload))
})

it('writes nothing when one of many is wrong', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema })
  const wrong = { ...event('order.placed'), aggregateId: '' }
  await assert.rejects(outbox.publishMany([event('order.placed'), wrong]), {
    code: 'invalid_event',
    field: 'events[1].aggregateId',
  })
  await assert.rejects(outbox.publish(event('order.placed', '1', { big: 1n })), { field: 'payload.big' })
  assert.equal(await countEvents(schema), 0)
})

it('publishes an id once, however often it is given', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema })
  const given = { ...event('order.placed'), eventId: '01890000-0000-7000-8000-00000000000A' }
  const ids = [await outbox.publish(given), await outbox.publish(given)]
  assert.deepEqual(new Set(ids), new Set(['01890000-0000-7000-8000-00000000000a']))
  assert.equal(await countEvents(schema), 1)
})

it('hands over many in their order', async () => {
  const outbox = await outboxes.open()
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'seer',
    handler: (each) => void seen.push(each.aggregateId),
  })
  const ids = Array.from({ length: 300 }, (_, index) => String(index))
  await outbox.publishMany(ids.map((id) => event('order.placed', id)))
  await outbox.drain()
  assert.deepEqual(seen, ids)
})

it('refuses to publish outside of a transaction where one is required', async () => {
  const outbox = await outboxes.open({ requireTransaction: true })
  const refusal = { code: 'transaction_required', field: 'tx' }
  await assert.rejects(outbox.publish(event('order.placed')), refusal)
  await assert.rejects(outbox.publishMany([event('order.placed')]), refusal)
})

it('validates payloads against their schemas, and keeps what these return', async () => {
  const amountSchema: StandardSchema<{ amount: number }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) => {
        const { amount } = value as { amount: unknown }
        if (typeof amount !== 'number')
          return { issues: [{ message: 'not a number', path: [{ key: 'amount' }] }] }
        return { value: { amount: Math.round(amount) } }
      },
    },
  }
  const outbox = await outboxes.open({ events: { 'order.placed': amountSchema } })
  const seen: unknown[] = []
  outbox.subscribe({ eventName: '**', consumerName: 'seer', handler: (each) => void seen.push(each.payload) })
  await outbox.publish(event('order.placed', '1', { amount: 1.6 }))
  await outbox.publish(event('order.closed', '1', { amount: 'any' }))
  await assert.rejects(outbox.publish(event('order.placed', '1', { amount: 'x' })), {
    code: 'invalid_event',
    field: 'payload.amount',
  })
  await outbox.drain()
  assert.deepEqual(seen, [{ amount: 2 }, { amount: 'any' }])
})

it('refuses unknown options by name', async () => {
  await assert.rejects(outboxes.open({ schema: 'Drop Table' }), { code: 'invalid_option', field: 'schema' })
  await assert.rejects(outboxes.open({ batchSize: 5 } as object), {
    code: 'invalid_option',
    field: 'batchSize',
  })
  await assert.rejects(outboxes.open({ settings: { batchSizes: 5 } as object }), { code: 'unknown_setting' })
})
