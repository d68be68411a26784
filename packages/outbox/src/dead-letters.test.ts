import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PermanentError } from './core/errors.ts'
import { event, Outboxes, type TestOutbox } from './testing/outboxes.ts'

const outboxes = new Outboxes()

/** Two consumers that refuse everything until they are mended. */
async function openRefusing() {
  const outbox = await outboxes.open()
  const mended = { yes: false }
  const seen: string[] = []
  for (const consumerName of ['one', 'two'])
    outbox.subscribe({
      eventName: '**',
      consumerName,
      handler: ({ eventName }) => {
        if (!mended.yes) throw new PermanentError(`${consumerName} refuses`)
        seen.push(`${consumerName} ${eventName}`)
      },
    })
  await outbox.publishMany([event('order.placed', '1', { amount: 1 }), event('order.closed', '2')])
  await outbox.drain()
  return { outbox, mended, seen }
}

async function namesOf(outbox: TestOutbox, ...options: Parameters<TestOutbox['deadLetters']['list']>) {
  const letters = await outbox.deadLetters.list(...options)
  return letters.map(({ consumerName, event: { eventName } }) => `${consumerName} ${eventName}`)
}

it('lists dead letters with their event and their error, in pages', async () => {
  const { outbox } = await openRefusing()
  assert.deepEqual(await namesOf(outbox), [
    'two order.closed',
    'one order.closed',
    'two order.placed',
    'one order.placed',
  ])
  assert.deepEqual(await namesOf(outbox, { consumerName: 'one' }), ['one order.closed', 'one order.placed'])
  assert.deepEqual(await namesOf(outbox, { eventName: 'order.placed', limit: 1 }), ['two order.placed'])
  const [first] = await outbox.deadLetters.list({ limit: 1 })
  assert.deepEqual(await namesOf(outbox, { limit: 1, before: first?.id }), ['one order.closed'])
  const [letter] = await outbox.deadLetters.list({ consumerName: 'one', eventName: 'order.placed' })
  assert.match(letter?.error ?? '', /one refuses/)
  assert.deepEqual(letter?.event.payload, { amount: 1 })
  assert.equal(letter?.attempts, 1)
  assert.ok(letter && Math.abs(letter.diedAt.getTime() - Date.now()) < 60_000)
})

it('retries one, a selection, or all', async () => {
  const { outbox, mended, seen } = await openRefusing()
  mended.yes = true
  const [letter] = await outbox.deadLetters.list({ consumerName: 'two' })
  assert.equal(await outbox.deadLetters.retry(letter?.id ?? ''), 1)
  assert.equal(await outbox.deadLetters.retry(letter?.id ?? ''), 0)
  await outbox.drain()
  assert.deepEqual(seen, ['two order.closed'])
  assert.equal(await outbox.deadLetters.retry({ consumerName: 'one', eventName: 'order.placed' }), 1)
  assert.equal(await outbox.deadLetters.retry({}), 2)
  await outbox.drain()
  assert.deepEqual(seen.toSorted(), [
    'one order.closed',
    'one order.placed',
    'two order.closed',
    'two order.placed',
  ])
  assert.equal((await outbox.stats()).deadLettered, 0)
  const [entry] = await outbox.inbox.find({ consumerName: 'one', eventName: 'order.placed' })
  assert.deepEqual([entry?.state, entry?.generation, entry?.attempts], ['processed', 1, 1])
})

it('discards one for good', async () => {
  const { outbox } = await openRefusing()
  const [letter] = await outbox.deadLetters.list()
  assert.equal(await outbox.deadLetters.discard(letter?.id ?? ''), true)
  assert.equal(await outbox.deadLetters.discard(letter?.id ?? ''), false)
  assert.equal((await outbox.deadLetters.list()).length, 3)
  const [entry] = await outbox.inbox.find({ state: 'skipped' })
  assert.equal(entry?.skipReason, 'discarded')
})

it('refuses what is no id of a dead letter', async () => {
  const { outbox } = await openRefusing()
  await assert.rejects(outbox.deadLetters.retry('1; drop table'), { code: 'invalid_argument', field: 'id' })
  await assert.rejects(outbox.deadLetters.discard('x'), { code: 'invalid_argument', field: 'id' })
  await assert.rejects(outbox.deadLetters.list({ limit: 0 }), { code: 'invalid_argument', field: 'limit' })
})
