import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fromPg } from './clients/pg.ts'
import { createTestKit } from './test-kit.ts'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

it('knows what was committed since it was made', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema })
  await outbox.publish(event('order.placed', 'before'))
  const kit = await createTestKit(fromPg(outboxes.pool), { schema })
  const tx = await outboxes.pool.connect()
  await tx.query('begin')
  await outbox.publish(event('order.placed', 'rolled back'), { tx })
  await tx.query('rollback')
  tx.release()
  await outbox.publish(event('order.placed', 'committed', { amount: 100 }))
  const [published, ...others] = await kit.published()
  assert.equal(others.length, 0)
  assert.equal(published?.aggregateId, 'committed')
  assert.deepEqual(published?.payload, { amount: 100 })
  await kit.forget()
  assert.deepEqual(await kit.published(), [])
})

it('lets time pass, by which retries are due and retention is over', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema, settings: { 'retry.baseDelayMs': 3_600_000 } })
  const kit = await createTestKit(fromPg(outboxes.pool), { schema })
  const attempts: number[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'patient',
    handler: (_event, { attempt }) => {
      attempts.push(attempt)
      if (attempt === 1) throw new Error('try again')
    },
  })
  await outbox.publish(event('order.placed'))
  await outbox.drain()
  await kit.passTime(1_800_000)
  await outbox.drain()
  assert.deepEqual(attempts, [1])
  // A tenth of jitter comes on top of the delay.
  await kit.passTime(2_200_000)
  await outbox.drain()
  assert.deepEqual(attempts, [1, 2])
  assert.equal(await outbox.prune(), 0)
  await kit.passTime(15 * 86_400_000)
  assert.equal(await outbox.prune(), 1)
})
