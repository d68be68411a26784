import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { testIntegration } from '../testing/integration.ts'
import { isProber, partOf, rateOf, wholeShare, type Share } from './share.ts'

const sharesOf = (count: number): readonly Share[] =>
  Array.from({ length: count }, (_, index) => ({ index, count }))

// Seen to fail with: the remainder given to nobody, or to everybody; the rate divided among nodes that rest.
test('the parts of all nodes add up to the whole, and one node probes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 50 }),
      (count, concurrency, id) => {
        const whole = testIntegration(id, 'any', { concurrency, rateLimit: { perSecond: 60 } })
        const parts = sharesOf(count).map((share) => partOf(whole, share))
        const working = parts.filter(({ spec }) => !spec.paused)
        const sum = (of: (spec: (typeof whole)['spec']) => number): number =>
          working.reduce((total, { spec }) => total + of(spec), 0)
        assert.equal(
          sum((spec) => spec.concurrency),
          concurrency,
        )
        assert.ok(Math.abs(sum((spec) => spec.rateLimit?.perSecond ?? 0) - 60) < 1e-6)
        const probers = sharesOf(count).filter((share) => isProber(share, id))
        assert.equal(probers.length, 1)
        assert.equal(partOf(whole, probers[0] ?? wholeShare).spec.paused, false)
      },
    ),
  )
})

test('a node that is alone has all of it, and what an integration lacks no part has', () => {
  const whole = testIntegration(1, 'any', { concurrency: 3 })
  assert.equal(partOf(whole, wholeShare), whole)
  assert.equal(partOf(whole, { index: 1, count: 2 }).spec.rateLimit, undefined)
})

test('what may go at once is one at least', () => {
  assert.deepEqual(rateOf({ perSecond: 1 }, 4), { perSecond: 0.25, burst: 1 })
  assert.deepEqual(rateOf({ perSecond: 100, burst: 40 }, 4), { perSecond: 25, burst: 10 })
})
