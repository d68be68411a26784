import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { histories } from './histories-testing.ts'
import { TokenBucket } from './rate.ts'

/** Sums of fractions are not exact. */
const tolerance = 1e-6

const anyLimit = fc.record({
  perSecond: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0.05, max: 5, noNaN: true })),
  burst: fc.integer({ min: 1, max: 50 }),
})

interface Taken {
  readonly atMs: number
  readonly count: number
}

// Seen to fail with: `burst` not the bound of the refill; tokens given per call; `#atMs` not moved on.
test('in no stretch of time pass more than the burst and what the rate gives in it', () => {
  const asks = fc.array(
    fc.record({ afterMs: fc.integer({ min: 0, max: 300 }), count: fc.integer({ min: 1, max: 5 }) }),
    {
      maxLength: 80,
      size: 'max',
    },
  )
  fc.assert(
    fc.property(anyLimit, asks, (limit, steps) => {
      let nowMs = 1_000
      const bucket = new TokenBucket(limit, nowMs)
      const taken: Taken[] = []
      for (const { afterMs, count: asked } of steps) {
        nowMs += afterMs
        const count = Math.min(asked, limit.burst)
        if (bucket.take(nowMs, count)) taken.push({ atMs: nowMs, count })
      }
      for (const [first, { atMs: fromMs }] of taken.entries()) {
        let sum = 0
        for (const { atMs, count } of taken.slice(first)) {
          sum += count
          assert.ok(sum <= limit.burst + (limit.perSecond * (atMs - fromMs)) / 1_000 + tolerance)
        }
      }
    }),
    histories(1_000),
  )
})

// Seen to fail with: `Math.floor` for `Math.ceil`; the wait computed for twice the rate.
test('whoever waits as long as it says gets through, and not a moment earlier', () => {
  fc.assert(
    fc.property(anyLimit, fc.integer({ min: 0, max: 60 }), (limit, drained) => {
      const bucket = new TokenBucket(limit, 0)
      for (let index = 0; index < drained; index++) bucket.take(0)
      const waitMs = bucket.waitMs(0)
      if (waitMs > 1) assert.ok(!bucket.take(waitMs - 1 - tolerance))
      assert.ok(bucket.take(waitMs + tolerance))
    }),
    histories(1_000),
  )
})

// Seen to fail with: `Math.max(0, …)` left out of the elapsed time; `#atMs` kept when the clock goes back.
test('a clock that goes back neither gives nor takes', () => {
  fc.assert(
    fc.property(anyLimit, fc.integer({ min: 1, max: 3_600_000 }), (limit, backMs) => {
      const startMs = 10_000_000
      const bucket = new TokenBucket(limit, startMs)
      const untouched = new TokenBucket(limit, startMs)
      for (const one of [bucket, untouched]) one.take(startMs, Math.ceil(limit.burst / 2))
      const nowMs = startMs - backMs
      for (const afterMs of [0, 1, 10, 100])
        assert.ok(
          Math.abs(
            bucket.waitMs(nowMs + afterMs, limit.burst) - untouched.waitMs(startMs + afterMs, limit.burst),
          ) <= 1,
        )
    }),
    histories(500),
  )
})

// Seen to fail with: `Math.min(count, burst)` left out of `take`.
test('more than the bucket ever holds passes when it is full, and is paid back', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0)
  assert.ok(bucket.take(0, 15))
  assert.equal(bucket.waitMs(0), 1_100)
  assert.ok(!bucket.take(1_000))
  assert.ok(bucket.take(1_100))
})

// Seen to fail with: a default burst of 1.
test('without a burst it holds what a second allows, and at least one', () => {
  const quick = new TokenBucket({ perSecond: 3 }, 0)
  assert.deepEqual(
    [1, 2, 3, 4].map(() => quick.take(0)),
    [true, true, true, false],
  )
  assert.ok(new TokenBucket({ perSecond: 0.01 }, 0).take(0))
})
