import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { Alarm } from './alarm.ts'

const dayMs = 86_400_000
let rungAtMs: number[] = []
let alarm: Alarm

afterEach(() => mock.timers.reset())

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 })
  rungAtMs = []
  alarm = new Alarm(() => rungAtMs.push(Date.now() - 1_000_000))
})

/** In steps, because the mocked clock shows the end of a step all through it. */
function pass(ms: number): void {
  for (let passedMs = 0; passedMs < ms; passedMs += 10) mock.timers.tick(10)
}

function at(afterMs: number): void {
  alarm.at(Date.now() + afterMs)
}

// Seen to fail with: a later time taking the place of an earlier one; a timer left behind by an earlier one.
test('it rings once, at the earliest of the times asked for', () => {
  for (const afterMs of [500, 200, 900, 300]) at(afterMs)
  pass(1_000)
  assert.deepEqual(rungAtMs, [200])
})

// Seen to fail with: the time it rang at not forgotten.
test('when it has rung it can be set again, also from within', () => {
  alarm = new Alarm(() => {
    rungAtMs.push(Date.now() - 1_000_000)
    if (rungAtMs.length < 3) at(100)
  })
  at(50)
  pass(1_000)
  assert.deepEqual(rungAtMs, [50, 150, 250])
  at(10)
  mock.timers.tick(10)
  assert.equal(rungAtMs.length, 4)
})

// Seen to fail with: the timer not cleared; the time not forgotten.
test('cleared, it is silent until it is set again', () => {
  at(100)
  alarm.clear()
  pass(1_000)
  assert.deepEqual(rungAtMs, [])
  at(100)
  pass(100)
  assert.deepEqual(rungAtMs, [1_100])
})

test('a time that is past rings in a moment, Infinity never', () => {
  at(-5_000)
  at(Infinity)
  assert.deepEqual(rungAtMs, [])
  mock.timers.tick(1)
  assert.deepEqual(rungAtMs, [1])
})

// Seen to fail (it rang at once) with: the delay not bounded.
test('a time beyond what timers hold rings early, so that whoever hears it looks again', () => {
  at(60 * dayMs)
  mock.timers.tick(dayMs - 1)
  assert.deepEqual(rungAtMs, [])
  mock.timers.tick(1)
  assert.deepEqual(rungAtMs, [dayMs])
})
