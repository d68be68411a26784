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
      const beatMs = withinMs < 1_000 ? 500 : 1_000
      const pastMs = (nowMs + waitMs) % beatMs
      assert.ok(Math.min(pastMs, beatMs - pastMs) <= 1.001, `${pastMs} past the moment`)
      assert.ok(waitMs <= withinMs + 3 && waitMs > withinMs - beatMs, `${waitMs} for ${withinMs}`)
    }),
    { seed: 2_026 },
  )
})

// Seen to fail with: no tolerance, so that a timer which rang early rang again at once.
test('a timer that is a little early or late rings once a period', () => {
  for (const offMs of [-1, 0, 1, 30])
    for (const periodMs of [500, 1_000, 5_000])
      assert.equal(untilBeat(periodMs, 5_000 + offMs), periodMs - offMs)
})

test('what is to be done sooner does not wait for it', () => {
  assert.equal(untilBeat(50, 5_210), 50)
})
