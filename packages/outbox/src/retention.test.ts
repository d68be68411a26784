import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PermanentError } from './core/errors.ts'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

it('deletes what every consumer has been done with for long enough, and nothing else', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema })
  outbox.subscribe({
    eventName: '**',
    consumerName: 'one',
    idempotencyKey: ({ aggregateId }) => aggregateId,
    handler: ({ eventName }) => {
      if (eventName === 'refused') throw new PermanentError('never')
    },
  })
  await outbox.publishMany([event('old', 'a'), event('refused', 'b'), event('recent', 'c')])
  await outbox.drain()
  await outbox.publish(event('waiting', 'd'))
  const daysAgo = (days: number) => `now() - interval '${days} days'`
  await outboxes.rows(
    `update ${schema}.events set published_at = ${daysAgo(15)} where event_name <> 'recent'`,
  )
  await outboxes.rows(`update ${schema}.inbox set finished_at = ${daysAgo(15)} where event_name <> 'recent'`)

  assert.equal(await outbox.prune(), 1)
  const left = await outboxes.rows<{ event_name: string }>(
    `select event_name from ${schema}.events order by seq`,
  )
  assert.deepEqual(
    left.map((row) => row.event_name),
    ['refused', 'recent', 'waiting'],
  )
  assert.equal((await outboxes.rows(`select 1 from ${schema}.inbox`)).length, 2)
  assert.deepEqual(await outboxes.rows(`select key from ${schema}.business_keys`), [{ key: 'c' }])
  await outbox.settings.set('retention.processedDays', 0)
  assert.equal(await outbox.prune(), 1)
})

it('prunes in batches, past what it keeps', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({
    schema,
    settings: { 'retention.processedDays': 0, 'startupDrain.batchSize': 500 },
  })
  outbox.subscribe({
    eventName: '**',
    consumerName: 'one',
    handler: ({ aggregateId }) => {
      if (Number(aggregateId) % 100 === 0) throw new PermanentError('never')
    },
  })
  await outbox.publishMany(Array.from({ length: 2_500 }, (_, index) => event('order.placed', String(index))))
  await outbox.drain()
  assert.equal(await outbox.prune(), 2_475)
  assert.equal((await outbox.deadLetters.list()).length, 25)
})
