import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { untilBeat } from './beat.ts'

const anyNow = fc.double({ min: 0, max: 1e9, noNaN: true })
const anyWait = fc.integer({ min: 500, max: 60_000 })

// Seen to fail with: each wait counted from when it began.
test('whatever waits ends in moments that all share, in time, and not much before', () => {
  fc.assert(
    fc.property(anyNow, anyWait, (nowMs, withinMs) => {
      const waitMs = untilBeat(withinMs, nowMs)
      const pastMs = (nowMs + waitMs) % 500
      assert.ok(Math.min(pastMs, 500 - pastMs) <= 1.001, `${pastMs} past the moment`)
      assert.ok(waitMs <= withinMs + 3 && waitMs > withinMs - 500, `${waitMs} for ${withinMs}`)
    }),
    { seed: 2_026 },
  )
})

// Seen to fail with: no tolerance, so that a timer which rang early rang again at once.
test('a timer that is a little early or late rings once a period', () => {
  for (const offMs of [-1, 0, 1, 30]) assert.equal(untilBeat(1_000, 5_000 + offMs), 1_000 - offMs)
})

test('what is to be done sooner does not wait for it', () => {
  assert.equal(untilBeat(50, 5_210), 50)
})
