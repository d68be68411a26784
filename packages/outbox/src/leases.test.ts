import assert from 'node:assert/strict'
import { it } from 'node:test'
import { maxInterruptions } from './core/outcome.ts'
import type { Mode } from './core/subscription.ts'
import { until } from './testing/database.ts'
import { event, inMode, Outboxes, type TestOutbox } from './testing/outboxes.ts'

const outboxes = new Outboxes()
const quick = { leaseMs: 500, 'polling.intervalMs': 20, 'polling.idleIntervalMs': 20 }

/** Two instances on the same tables, whose handlers say when they begin and end when they are told to. */
async function openTwo(mode: Mode) {
  const schema = outboxes.newSchema()
  await outboxes.rows(`create table if not exists written_by (instance text)`)
  await outboxes.rows(`delete from written_by`)
  const begun: string[] = []
  const runs: { end: () => void }[] = []
  let allMayEnd = false
  const open = async (name: string) => {
    const outbox = await outboxes.open({ schema, settings: quick })
    outbox.subscribe(
      inMode(mode, {
        eventName: '**',
        consumerName: 'slow',
        handler: async (_event, ctx) => {
          begun.push(name)
          if (!allMayEnd) await new Promise<void>((resolve) => runs.push({ end: resolve }))
          if (mode === 'transaction') await ctx.tx.query('insert into written_by values ($1)', [name])
        },
      }),
    )
    await outbox.start()
    return outbox
  }
  const endAll = () => {
    allMayEnd = true
    for (const { end } of runs) end()
  }
  return { schema, begun, endFirst: () => runs[0]?.end(), endAll, first: await open('first'), open }
}

async function processed(outbox: TestOutbox): Promise<number> {
  return (await outbox.stats()).processed
}

async function openTransactions(): Promise<number> {
  const rows = await outboxes.rows(
    `select pid from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
  )
  return rows.length
}

for (const mode of ['transaction', 'lease'] as const) {
  it(`does not run a handler beside itself that outlives its lease (${mode} mode)`, async () => {
    const { first, begun, endAll, open } = await openTwo(mode)
    await first.publish(event('order.placed'))
    await until('it has begun', () => begun.length === 1)
    const second = await open('second')
    const sinceMs = performance.now()
    await until('several leases have passed', () => performance.now() - sinceMs > 4 * quick.leaseMs)
    assert.deepEqual(begun, ['first'])
    endAll()
    await until('it is processed', async () => (await processed(second)) === 1)
    await Promise.all([first.stop(), second.stop()])
  })

  it(`lets nobody mark what another has taken over (${mode} mode)`, async () => {
    const { schema, first, begun, endFirst, endAll, open } = await openTwo(mode)
    await first.publish(event('order.placed'))
    await until('it has begun', () => begun.length === 1)
    // As if the process had been stopped, or cut off from the database, for longer than its lease.
    await outboxes.rows(`update ${schema}.instances set lease_until = now() - interval '1 second'`)
    const second = await open('second')
    await until('it has begun again', () => begun.length === 2)
    endFirst()
    if (mode === 'transaction')
      await until('the first is rolled back', async () => (await openTransactions()) === 1)
    assert.equal(await processed(second), 0)
    endAll()
    await until('it is processed', async () => (await processed(second)) === 1)
    await Promise.all([first.stop(), second.stop()])
    const writers = await outboxes.rows<{ instance: string }>('select instance from written_by')
    assert.equal(writers.length, mode === 'transaction' ? 1 : 0)
  })
}

it('tells a handler whose lease was lost', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema, settings: quick })
  let aborted = false
  let begun = 0
  outbox.subscribe({
    eventName: '**',
    consumerName: 'listening',
    mode: 'lease',
    handler: async (_event, { signal }) => {
      begun += 1
      if (begun > 1) return
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      aborted = true
      throw new Error('cut off')
    },
  })
  await outbox.start()
  await outbox.publish(event('order.placed'))
  await until('it has begun', () => begun === 1)
  await outboxes.rows(`delete from ${schema}.instances`)
  await until('it is told', () => aborted)
  await until('it is handled again', async () => (await processed(outbox)) === 1)
  assert.equal(begun, 2)
  await outbox.stop()
})

it('buries what has been interrupted again and again, without any failure of its handler', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema })
  outbox.subscribe({ eventName: '**', consumerName: 'deadly', handler: () => undefined })
  await outbox.publish(event('order.placed'))
  await outbox.prune()
  // Brings the row into being, and then leaves it as processes do that die while they hold it.
  await outbox.settings.set('batchSize', 1)
  await outbox.consumers.list()
  await outbox.drain()
  await outboxes.rows(
    `update ${schema}.inbox set state = 'processing', token = gen_random_uuid(), instance_id = gen_random_uuid(),
      finished_at = null, attempts = 0, interruptions = $1`,
    [maxInterruptions - 1],
  )
  await outbox.drain()
  const [letter] = await outbox.deadLetters.list()
  assert.match(letter?.error ?? '', /process died 20 times/)
})

it('keeps its claims while it waits for a handler, and frees them at once when it stops cleanly', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema, settings: { leaseMs: 60_000 } })
  await outbox.start()
  const instances = () => outboxes.rows(`select id from ${schema}.instances`)
  assert.equal((await instances()).length, 1)
  await outbox.stop()
  assert.equal((await instances()).length, 0)
})
