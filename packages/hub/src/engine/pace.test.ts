import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleOutcome } from '../core/outcome-testing.ts'
import { Pace } from './pace.ts'

const nowMs = Date.UTC(2026, 0, 1)
const unlimited = { spec: {} } as ConstructorParameters<typeof Pace>[0]
const limited = (perSecond: number, burst: number): typeof unlimited =>
  ({ spec: { rateLimit: { perSecond, burst } } }) as typeof unlimited

test('a target that asks for less gets nothing for a while, and no longer than a minute', () => {
  const pace = new Pace(unlimited)
  pace.slowDown(sampleOutcome({ httpStatus: 429, retryAfterMs: 3_600_000 }), nowMs)
  assert.equal(pace.take(nowMs + 59_999), false)
  assert.equal(pace.nextMs(nowMs), nowMs + 60_000)
  assert.equal(pace.take(nowMs + 60_000), true)
})

// Seen to fail with: held for the hour that the clock went back.
test('a clock that goes back holds nothing', () => {
  const pace = new Pace(unlimited)
  pace.slowDown(sampleOutcome({ httpStatus: 429 }), nowMs)
  assert.equal(pace.take(nowMs), false)
  assert.equal(pace.take(nowMs - 3_600_000), true)
})

// Seen to fail with: a new, full bucket.
test('another rate, such as when a node joins, brings no second burst', () => {
  const [whole, half] = [limited(10, 4), limited(5, 2)]
  const startedMs = Date.now()
  const pace = new Pace(whole)
  for (let count = 0; count < 4; count++) assert.equal(pace.take(startedMs), true)
  pace.update(whole, half)
  assert.equal(pace.take(startedMs), false)
  assert.equal(pace.take(Date.now() + 200), true)
})

// Seen to fail with: the next moment given as now for ever, of which an idle lane made a thousand turns a second.
test('one that was refused and never comes back is waited for until it could go, and no longer', () => {
  const startedMs = Date.now()
  const pace = new Pace(limited(10, 1))
  assert.equal(pace.take(startedMs), true)
  assert.equal(pace.take(startedMs), false)
  assert.equal(pace.isRateLimited(startedMs), true)
  assert.equal(pace.nextMs(startedMs), startedMs + 100)
  assert.equal(pace.nextMs(startedMs + 100), Infinity)
  assert.equal(pace.isRateLimited(startedMs + 100), false)
})
