import assert from 'node:assert/strict'
import { it } from 'node:test'
import { until } from './testing/database.ts'
import { event, Outboxes, type TestOutbox } from './testing/outboxes.ts'

const outboxes = new Outboxes()

/** Every aggregate's events in the order in which their handlers ended well. */
function collectInOrder(
  outbox: TestOutbox,
  fails: (id: string, step: number, attempt: number) => boolean = () => false,
) {
  const seen = new Map<string, number[]>()
  outbox.subscribe({
    eventName: 'order.*',
    consumerName: 'orderly',
    ordering: 'aggregate',
    concurrency: 4,
    handler: async ({ aggregateId, payload }, ctx) => {
      await ctx.tx.query('select pg_sleep(0.001)')
      const { step } = payload as { step: number }
      if (fails(aggregateId, step, ctx.attempt)) throw new Error('not yet')
      seen.set(aggregateId, [...(seen.get(aggregateId) ?? []), step])
    },
  })
  return seen
}

const steps = (count: number) => Array.from({ length: count }, (_, index) => index)
const storyOf = (ids: readonly string[], count: number) =>
  steps(count).flatMap((step) =>
    ids.map((id) => event(step % 2 ? 'order.changed' : 'order.placed', id, { step })),
  )

it('keeps the events of an aggregate in order, also when some fail', async () => {
  const outbox = await outboxes.open({ settings: { 'retry.baseDelayMs': 5, maxAttempts: 10 } })
  const seen = collectInOrder(outbox, (id, step, attempt) => (Number(id) + step) % 7 === 0 && attempt < 3)
  const ids = steps(8).map(String)
  await outbox.start()
  await outbox.publishMany(storyOf(ids, 12))
  await until('all is handled', async () => (await outbox.stats()).processed === 96)
  await outbox.stop()
  for (const id of ids) assert.deepEqual(seen.get(id), steps(12), `aggregate ${id}`)
})

it('holds the events behind one that fails, and no others', async () => {
  const outbox = await outboxes.open({ settings: { 'retry.baseDelayMs': 60_000 } })
  const seen = collectInOrder(outbox, (id, step) => id === 'stuck' && step === 1)
  await outbox.publishMany(storyOf(['stuck', 'fine'], 4))
  await outbox.drain()
  assert.deepEqual(seen.get('stuck'), [0])
  assert.deepEqual(seen.get('fine'), [0, 1, 2, 3])
  assert.equal((await outbox.stats()).pending, 2)
})

it('goes on behind one that is dead', async () => {
  const outbox = await outboxes.open()
  const seen = collectInOrder(outbox, (_id, step) => step === 1)
  await outbox.publishMany(storyOf(['a'], 4))
  await outbox.drain()
  assert.deepEqual(seen.get('a'), [0, 2, 3])
})

it('keeps the order when several instances share the work', async () => {
  const schema = outboxes.newSchema()
  const settings = { 'polling.intervalMs': 10, 'polling.idleIntervalMs': 10 }
  const instances = await Promise.all([1, 2].map(() => outboxes.open({ schema, settings })))
  await outboxes.rows(
    'create table history (id bigint generated always as identity, aggregate text, step int)',
  )
  for (const outbox of instances) {
    outbox.subscribe({
      eventName: 'order.*',
      consumerName: 'orderly',
      ordering: 'aggregate',
      concurrency: 3,
      handler: async ({ aggregateId, payload }, ctx) => {
        await ctx.tx.query('insert into history (aggregate, step) values ($1, $2)', [
          aggregateId,
          (payload as { step: number }).step,
        ])
      },
    })
    await outbox.start()
  }
  const ids = steps(6).map(String)
  for (const step of steps(20)) {
    const publisher = instances[step % 2]
    await publisher?.publishMany(ids.map((id) => event('order.placed', id, { step })))
  }
  const [first] = instances
  await until('all is handled', async () => (await first?.stats())?.processed === 120)
  await Promise.all(instances.map((outbox) => outbox.stop()))
  for (const id of ids) {
    const rows = await outboxes.rows<{ step: number }>(
      'select step from history where aggregate = $1 order by id',
      [id],
    )
    assert.deepEqual(
      rows.map(({ step }) => step),
      steps(20),
    )
  }
})

it('gives an ordered consumer its past in order, before what arrives meanwhile', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema, settings: { batchSize: 500 } })
  const ids = steps(50).map(String)
  await outbox.publishMany(storyOf(ids, 40))
  await outbox.drain()
  const seen = collectInOrder(outbox)
  await outbox.publishMany(ids.map((id) => event('order.closed', id, { step: 40 })))
  await outbox.drain()
  assert.equal(seen.size, 50)
  const late = await outboxes.open({ schema, settings: { batchSize: 500 } })
  const past = new Map<string, number[]>()
  late.subscribe({
    eventName: '**',
    consumerName: 'historian',
    ordering: 'aggregate',
    from: 'beginning',
    handler: ({ aggregateId, payload }) => {
      past.set(aggregateId, [...(past.get(aggregateId) ?? []), (payload as { step: number }).step])
    },
  })
  await late.publishMany(ids.map((id) => event('order.archived', id, { step: 41 })))
  await late.drain()
  for (const id of ids) assert.deepEqual(past.get(id), steps(42), `aggregate ${id}`)
})
