import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Source } from './catalog.ts'
import { check } from './schema.ts'
import { SourceRates } from './source-rates.ts'
import { SourceSpec } from './source-spec.ts'

function sourceWith(rateLimit: object | undefined, revision = 1): Source {
  const checked = check(SourceSpec, rateLimit ? { rateLimit } : {})
  assert.ok(checked.ok)
  return { id: 1, name: 'shop', revision, spec: checked.value }
}

test('a source without a limit is never held back', () => {
  assert.equal(new SourceRates(() => 1).take(sourceWith(undefined), 1_000_000, 0), 0)
})

test('a limit is kept, and says how long to wait', () => {
  const rates = new SourceRates(() => 1)
  const source = sourceWith({ perSecond: 10, burst: 2 })
  assert.equal(rates.take(source, 2, 0), 0)
  assert.equal(rates.take(source, 1, 0), 100)
  assert.equal(rates.take(source, 1, 100), 0)
})

// Seen to fail with: a new, full bucket for each count of nodes.
test('of several nodes each allows its part, and one more brings no second burst', () => {
  let nodeCount = 1
  const rates = new SourceRates(() => nodeCount)
  const source = sourceWith({ perSecond: 10, burst: 4 })
  assert.equal(rates.take(source, 4, 0), 0)
  nodeCount = 2
  assert.equal(rates.take(source, 1, 0), 200)
  assert.equal(rates.take(source, 1, 200), 0)
})

test('a new limit is in force with the next event', () => {
  const rates = new SourceRates(() => 1)
  assert.equal(rates.take(sourceWith({ perSecond: 1, burst: 1 }), 1, 0), 0)
  assert.ok(rates.take(sourceWith({ perSecond: 1, burst: 1 }), 1, 0) > 0)
  assert.equal(rates.take(sourceWith({ perSecond: 1, burst: 5 }, 2), 1, 0), 0)
})
