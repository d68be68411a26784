import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Housekeeping, type Chore } from './housekeeping.ts'
import { Telemetry } from './telemetry.ts'

const patienceMs = 20
const secondMs = 1_000

function chore(name: string, run: () => Promise<unknown>): Chore {
  return { name, everyMs: secondMs, run }
}

function housekeeping(...chores: readonly Chore[]): Housekeeping {
  return new Housekeeping(chores, new Telemetry(assert.ifError), patienceMs)
}

test('a chore is done when it is due, one after another', async () => {
  const done: string[] = []
  const keeping = housekeeping(
    chore('first', () => new Promise((resolve) => setImmediate(() => resolve(done.push('first'))))),
    chore('second', () => Promise.resolve(done.push('second'))),
  )
  await keeping.tick(0)
  await keeping.tick(secondMs - 1)
  assert.deepEqual(done, ['first', 'second'])
  await keeping.tick(secondMs)
  assert.deepEqual(done, ['first', 'second', 'first', 'second'])
})

// Seen to fail (it waited without end) with: chores that are waited for however long they take.
test('one that waits for somebody else keeps no other from being done, and is not begun twice', async () => {
  const waiting = Promise.withResolvers<void>()
  let begun = 0
  let others = 0
  const keeping = housekeeping(
    chore('waits', () => (++begun, waiting.promise)),
    chore('other', () => Promise.resolve(others++)),
  )
  await keeping.tick(0)
  await keeping.tick(secondMs)
  assert.deepEqual([begun, others], [1, 2])
  waiting.resolve()
  await keeping.stop()
  assert.equal(begun, 1)
})

test('one that fails is told, and tried again', async () => {
  let begun = 0
  const told: string[] = []
  const telemetry = new Telemetry(assert.ifError)
  telemetry.on('storeDown', ({ during }) => told.push(during))
  const keeping = new Housekeeping(
    [chore('fails', () => (++begun, Promise.reject(new Error('the store is down'))))],
    telemetry,
  )
  await keeping.tick(0)
  await keeping.tick(secondMs)
  assert.equal(begun, 2)
  assert.deepEqual(told, ['fails', 'fails'])
})
