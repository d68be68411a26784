import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PermanentError, RetryLaterError } from './core/errors.ts'
import { until } from './testing/database.ts'
import { event, inMode, Outboxes, type TestOutbox } from './testing/outboxes.ts'

const outboxes = new Outboxes()

async function stateOf(outbox: TestOutbox, consumerName: string) {
  const [entry] = await outbox.inbox.find({ consumerName })
  return entry
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}

it('lets the consumers of an event run in the order of their priorities', async () => {
  const outbox = await outboxes.open()
  const ended: string[] = []
  const subscribe = (consumerName: string, priority: number, pauses: number) =>
    outbox.subscribe({
      eventName: 'order.placed',
      consumerName,
      priority,
      handler: async (_event, ctx) => {
        for (let pause = 0; pause < pauses; pause += 1) await ctx.tx.query('select pg_sleep(0.01)')
        ended.push(consumerName)
      },
    })
  subscribe('last', -1, 0)
  subscribe('first', 10, 5)
  subscribe('middle', 5, 2)
  await outbox.publish(event('order.placed'))
  await outbox.drain()
  assert.deepEqual(ended, ['first', 'middle', 'last'])
})

it('lets a consumer go on that has waited for one of higher priority in the other mode', async () => {
  for (const [first, second] of [
    ['lease', 'transaction'],
    ['transaction', 'lease'],
  ] as const) {
    const outbox = await outboxes.open()
    const ended: string[] = []
    const subscribe = (mode: 'lease' | 'transaction', priority: number) =>
      outbox.subscribe(
        inMode(mode, {
          eventName: 'order.placed',
          consumerName: mode,
          priority,
          handler: () => void ended.push(mode),
        }),
      )
    subscribe(first, 10)
    subscribe(second, 0)
    await outbox.publish(event('order.placed'))
    await outbox.drain()
    assert.deepEqual(ended, [first, second])
  }
})

it('keeps the failures and the slowness of one consumer from the others', async () => {
  const outbox = await outboxes.open({ settings: { 'retry.baseDelayMs': 60_000, maxAttempts: 5 } })
  const hanging = deferred()
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'failing',
    priority: 2,
    handler: () => {
      throw new Error('always')
    },
  })
  outbox.subscribe({ eventName: '**', consumerName: 'hanging', priority: 1, handler: () => hanging.promise })
  outbox.subscribe({
    eventName: '**',
    consumerName: 'fine',
    handler: (each) => void seen.push(each.aggregateId),
  })
  await outbox.start()
  const ids = Array.from({ length: 30 }, (_, index) => String(index))
  await outbox.publishMany(ids.map((id) => event('order.placed', id)))
  await until('the others have gone on', () => seen.length === ids.length)
  assert.deepEqual(seen.toSorted(), ids.toSorted())
  hanging.resolve()
  await outbox.stop()
  assert.equal(
    (await outbox.stats()).perConsumer.find(({ consumerName }) => consumerName === 'failing')?.failed,
    30,
  )
})

it('tries again with growing delays, and then buries', async () => {
  const outbox = await outboxes.open({ settings: { 'retry.baseDelayMs': 40 } })
  const attempts: { attempt: number; atMs: number }[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'failing',
    handler: (_event, ctx) => {
      attempts.push({ attempt: ctx.attempt, atMs: performance.now() })
      throw new Error(`no ${ctx.attempt}`)
    },
  })
  await outbox.start()
  await outbox.publish(event('order.placed'))
  const dead = await until('it is dead', async () => {
    const entry = await stateOf(outbox, 'failing')
    return entry?.state === 'dead' && entry
  })
  assert.deepEqual(
    attempts.map(({ attempt }) => attempt),
    [1, 2, 3],
  )
  const waits = attempts.slice(1).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? 0))
  assert.ok((waits[0] ?? 0) >= 35 && (waits[1] ?? 0) >= 70, `waited ${waits.join(' and ')} ms`)
  assert.match(dead.lastError ?? '', /no 3/)
  assert.equal(dead.attempts, 3)
  await outbox.stop()
})

it('does not try again what is permanent, nor bury where there are no dead letters', async () => {
  const outbox = await outboxes.open({ settings: { 'deadLetter.enabled': false } })
  let attempts = 0
  outbox.subscribe({
    eventName: '**',
    consumerName: 'refusing',
    handler: () => {
      attempts += 1
      throw new PermanentError('never')
    },
  })
  await outbox.publish(event('order.placed'))
  await outbox.drain()
  assert.equal(attempts, 1)
  const entry = await stateOf(outbox, 'refusing')
  assert.deepEqual([entry?.state, entry?.dueAt], ['failed', null])
  assert.notEqual(entry?.finishedAt, null)
})

it('runs neighbours of a failing event once', async () => {
  const outbox = await outboxes.open()
  const runs: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'counting',
    handler: ({ aggregateId }) => {
      runs.push(aggregateId)
      if (aggregateId === 'c') throw new PermanentError('never')
    },
  })
  await outbox.publishMany(['a', 'b', 'c', 'd', 'e'].map((id) => event('order.placed', id)))
  await outbox.drain()
  assert.deepEqual(runs, ['a', 'b', 'c', 'd', 'e'])
})

it('finds the one row at fault when a shared transaction fails at its commit', async () => {
  const outbox = await outboxes.open()
  await outboxes.rows('create table parents (id text primary key)')
  await outboxes.rows('create table lines (parent text references parents deferrable initially deferred)')
  await outboxes.rows(`insert into parents values ('a'), ('c')`)
  outbox.subscribe({
    eventName: '**',
    consumerName: 'deferring',
    handler: async ({ aggregateId }, ctx) => {
      await ctx.tx.query('insert into lines values ($1)', [aggregateId])
    },
  })
  await outbox.publishMany(['a', 'b', 'c'].map((id) => event('order.placed', id)))
  await outbox.drain()
  const lines = await outboxes.rows<{ parent: string }>('select parent from lines order by parent')
  assert.deepEqual(
    lines.map(({ parent }) => parent),
    ['a', 'c'],
  )
  const entries = await outbox.inbox.find({ consumerName: 'deferring' })
  assert.deepEqual(entries.map(({ state, attempts }) => `${state} ${attempts}`).toReversed(), [
    'processed 1',
    'dead 3',
    'processed 1',
  ])
})

it('gives a handler its own transaction when it asks for one', async () => {
  const outbox = await outboxes.open()
  const ids = new Map<string, Set<string>>()
  for (const ownTransaction of [true, false]) {
    const consumerName = ownTransaction ? 'own' : 'shared'
    const seen = new Set<string>()
    ids.set(consumerName, seen)
    outbox.subscribe({
      eventName: '**',
      consumerName,
      ownTransaction,
      handler: async (_event, ctx) => {
        const { rows } = await ctx.tx.query<{ id: string }>('select pg_current_xact_id()::text as id')
        seen.add(rows[0]?.id ?? '')
      },
    })
  }
  await outbox.publishMany(Array.from({ length: 10 }, () => event('order.placed')))
  await outbox.drain()
  assert.equal(ids.get('own')?.size, 10)
  assert.ok((ids.get('shared')?.size ?? 0) < 10)
})

it('processes a batch at a time', async () => {
  const outbox = await outboxes.open({ settings: { batchSize: 4 } })
  outbox.subscribe({ eventName: '**', consumerName: 'any', handler: () => undefined })
  await outbox.publishMany(Array.from({ length: 10 }, () => event('order.placed')))
  const counts: number[] = []
  do counts.push(await outbox.processBatch())
  while (counts.at(-1) !== 0)
  assert.deepEqual(counts, [4, 4, 2, 0])
})

it('gives every consumer its share of a batch, however long the backlog of one is', async () => {
  const outbox = await outboxes.open({ settings: { batchSize: 4 } })
  const seen: string[] = []
  outbox.subscribe({ eventName: 'old.*', consumerName: 'behind', handler: () => void seen.push('behind') })
  outbox.subscribe({ eventName: 'new.*', consumerName: 'level', handler: () => void seen.push('level') })
  await outbox.publishMany(Array.from({ length: 50 }, () => event('old.one')))
  await outbox.publish(event('new.one'))
  await outbox.processBatch()
  assert.deepEqual(seen.toSorted(), ['behind', 'behind', 'behind', 'level'])
})

it('runs as many handlers of a consumer at once as it allows', async () => {
  const outbox = await outboxes.open({ settings: { batchSize: 20 } })
  let now = 0
  let most = 0
  const release = deferred()
  outbox.subscribe({
    eventName: '**',
    consumerName: 'parallel',
    mode: 'lease',
    concurrency: 5,
    handler: async () => {
      now += 1
      most = Math.max(most, now)
      if (now === 5) release.resolve()
      await release.promise
      now -= 1
    },
  })
  await outbox.publishMany(Array.from({ length: 12 }, () => event('order.placed')))
  await outbox.drain()
  assert.equal(most, 5)
})

it('drains at the start, unless it is told not to', async () => {
  const schema = outboxes.newSchema()
  const publisher = await outboxes.open({ schema })
  publisher.subscribe({ eventName: '**', consumerName: 'late', handler: () => undefined })
  await publisher.publishMany(Array.from({ length: 120 }, () => event('order.placed')))

  const waiting = await outboxes.open({ schema, settings: { 'startupDrain.enabled': false } })
  waiting.subscribe({ eventName: '**', consumerName: 'late', handler: () => undefined })
  await waiting.start()
  await waiting.stop()
  assert.equal((await waiting.stats()).pending, 120)

  const draining = await outboxes.open({ schema })
  draining.subscribe({ eventName: '**', consumerName: 'late', handler: () => undefined })
  await draining.start()
  await until('all is handled', async () => (await draining.stats()).processed === 120)
  await draining.stop()
})

it('can be started and stopped again and again', async () => {
  const outbox = await outboxes.open()
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'any',
    handler: (each) => void seen.push(each.aggregateId),
  })
  await Promise.all([outbox.start(), outbox.start()])
  await Promise.all([outbox.stop(), outbox.stop()])
  await outbox.publish(event('order.placed', 'while stopped'))
  await outbox.start()
  await until('it is handled', () => seen.length === 1)
  await outbox.stop()
  await outbox.stop()
  assert.deepEqual(seen, ['while stopped'])
})

it('lets running handlers end when it stops, and gives back what has not begun', async () => {
  const outbox = await outboxes.open()
  const begun = deferred()
  const mayEnd = deferred()
  outbox.subscribe({
    eventName: '**',
    consumerName: 'slow',
    ownTransaction: true,
    handler: async () => {
      begun.resolve()
      await mayEnd.promise
    },
  })
  await outbox.start()
  await outbox.publishMany([event('order.placed', 'a'), event('order.placed', 'b')])
  await begun.promise
  const stopped = outbox.stop()
  mayEnd.resolve()
  await stopped
  const { processed, pending, processing } = await outbox.stats()
  assert.deepEqual({ processed, pending, processing }, { processed: 1, pending: 1, processing: 0 })
})

it('asks handlers to end that do not end by themselves, and counts that as no attempt', async () => {
  const outbox = await outboxes.open({ stopTimeoutMs: 100 })
  const begun = deferred()
  outbox.subscribe({
    eventName: '**',
    consumerName: 'endless',
    mode: 'lease',
    handler: (_event, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('cut off')))
        begun.resolve()
      }),
  })
  await outbox.start()
  await outbox.publish(event('order.placed'))
  await begun.promise
  await outbox.stop()
  const entry = await stateOf(outbox, 'endless')
  assert.deepEqual([entry?.state, entry?.attempts], ['received', 0])
})

for (const mode of ['transaction', 'lease'] as const) {
  it(`tries again later, as often as it takes, what can't be done now (${mode} mode)`, async () => {
    const outbox = await outboxes.open({ settings: { maxAttempts: 1 } })
    const attempts: number[] = []
    outbox.subscribe(
      inMode(mode, {
        eventName: '**',
        consumerName: 'any',
        handler: (_event, { attempt }) => {
          attempts.push(attempt)
          if (attempts.length < 4) throw new RetryLaterError('the other side is away', { delayMs: 5 })
        },
      }),
    )
    const id = await outbox.publish(event('order.placed'))
    await until('it is processed', async () => {
      await outbox.drain()
      return outbox.inbox.isProcessed(id, 'any')
    })
    assert.deepEqual(attempts, [1, 1, 1, 1])
    const [entry] = await outbox.inbox.find({ consumerName: 'any' })
    assert.match(entry?.lastError ?? '', /the other side is away/)
  })
}

// Seen to fail with: a round that takes events in taken for idle, so that neither handled what it had just found.
it('drains also what the process itself is taking in at that moment', async () => {
  const outbox = await outboxes.open()
  let handled = 0
  outbox.subscribe({ eventName: 'order.placed', consumerName: 'counts', handler: () => void handled++ })
  await outbox.start()
  for (let published = 1; published <= 300; published++) {
    await outbox.publish(event('order.placed'))
    await outbox.drain()
    assert.equal(handled, published)
  }
})
