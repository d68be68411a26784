import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LatencyHistogram } from './latency-histogram.ts'

test('without durations there are no quantiles', () => {
  assert.equal(new LatencyHistogram(0, 60_000, 6).quantiles(1_000), null)
})

test('quantiles are near the exact ones', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1, max: 3_600_000, noNaN: true }), { minLength: 1 }),
      (durations) => {
        const histogram = new LatencyHistogram(0, 60_000, 6)
        for (const duration of durations) histogram.add(duration, 10)
        const sorted = durations.toSorted((a, b) => a - b)
        const found = histogram.quantiles(20)
        for (const [name, part] of [
          ['p50', 0.5],
          ['p95', 0.95],
          ['p99', 0.99],
        ] as const) {
          const exact = sorted[Math.ceil(sorted.length * part) - 1] ?? 0
          const ratio = (found?.[name] ?? 0) / exact
          assert.ok(ratio > 0.89 && ratio < 1.12, `${name} is ${found?.[name]} instead of ${exact}`)
        }
      },
    ),
  )
})

test('what is older than the span is forgotten, slice by slice', () => {
  const histogram = new LatencyHistogram(0, 60_000, 6)
  histogram.add(1_000, 5_000)
  histogram.add(10, 45_000)
  assert.ok((histogram.quantiles(50_000)?.p99 ?? 0) > 900)
  assert.ok((histogram.quantiles(65_000)?.p99 ?? 0) < 11)
  assert.equal(histogram.quantiles(500_000), null)
  histogram.add(10, 500_001)
  assert.ok(histogram.quantiles(500_002))
})

test('a clock that jumps back or a duration below zero does no harm', () => {
  const histogram = new LatencyHistogram(100_000, 60_000, 6)
  histogram.add(-5, 40_000)
  histogram.add(Number.NaN, 40_000)
  histogram.add(Number.MAX_VALUE, 40_000)
  assert.ok(histogram.quantiles(40_000))
})
