import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileWildcard } from './wildcard.ts'

const seed = 20_26

function matches(pattern: string, text: string): boolean {
  const wildcard = compileWildcard(pattern)
  assert.ok(wildcard.ok)
  return wildcard.test(text)
}

test('a star is any run of characters, also none', () => {
  assert.equal(matches('Simple*Service', 'SimpleQueueService'), true)
  assert.equal(matches('Simple*Service', 'SimpleService'), true)
  assert.equal(matches('Simple*Service', 'SimpleServices'), false)
  assert.equal(matches('*/lib/*', 'a/lib/b'), true)
  assert.equal(matches('*', ''), true)
  assert.equal(matches('', ''), true)
  assert.equal(matches('', 'a'), false)
  assert.equal(matches('a*a', 'a'), false)
  assert.equal(matches('a*b*c', 'abbc'), true)
  assert.equal(matches('a.c', 'abc'), false)
})

test('stars and backslashes stand for themselves behind a backslash', () => {
  assert.equal(matches('a\\*b', 'a*b'), true)
  assert.equal(matches('a\\*b', 'axb'), false)
  assert.equal(matches('a\\\\*', 'a\\b'), true)
  assert.equal(compileWildcard('a\\b').ok, false)
  assert.equal(compileWildcard('a\\').ok, false)
  assert.equal(compileWildcard('a**b').ok, false)
  assert.equal(compileWildcard('*\\**').ok, true)
})

test('it agrees with a regular expression', () => {
  const pattern = fc.stringMatching(/^[ab*]{0,8}$/).map((text) => text.replaceAll(/\*+/g, '*'))
  fc.assert(
    fc.property(pattern, fc.stringMatching(/^[ab]{0,10}$/), (wanted, text) => {
      assert.equal(matches(wanted, text), new RegExp(`^${wanted.replaceAll('*', '.*')}$`).test(text))
    }),
    { seed, numRuns: 5_000 },
  )
})

test('a hostile pattern is no slower than looking for its parts', () => {
  const started = process.hrtime.bigint()
  assert.equal(matches('*a'.repeat(500) + '*b', 'a'.repeat(100_000)), false)
  assert.ok(process.hrtime.bigint() - started < 1_000_000_000n)
})
