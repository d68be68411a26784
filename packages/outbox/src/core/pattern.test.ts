import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { matchesPattern, overlaps, patternProblem, patternRegex } from './pattern.ts'

it('matches exact names, one segment, and any number of segments', () => {
  const cases: [pattern: string, name: string, matches: boolean][] = [
    ['invoice.created', 'invoice.created', true],
    ['invoice.created', 'invoice.creates', false],
    ['invoice.*', 'invoice.created', true],
    ['invoice.*', 'invoice', false],
    ['invoice.*', 'invoice.line.added', false],
    ['invoice.**', 'invoice.line.added', true],
    ['invoice.**', 'invoice', true],
    ['**', 'anything', true],
    ['*', 'a.b', false],
    ['**.created', 'created', true],
    ['a.**.z', 'a.b.c.z', true],
    ['a.**.z', 'a.b.c', false],
    ['a+b.*', 'aab.c', false],
  ]
  for (const [pattern, name, matches] of cases)
    assert.equal(matchesPattern(pattern, name), matches, `${pattern} ${name}`)
})

it('refuses a wildcard that is only part of a segment', () => {
  assert.match(patternProblem('invoice.cre*') ?? '', /"cre\*"/)
  assert.equal(patternProblem('invoice.*.**'), null)
})

const segment = fc.constantFrom('a', 'b', '*', '**')
const pattern = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('.'))
const name = fc
  .array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join('.'))

it('finds an overlap wherever one name is matched by both', () => {
  fc.assert(
    fc.property(pattern, pattern, name, (left, right, each) => {
      if (matchesPattern(left, each) && matchesPattern(right, each)) assert.ok(overlaps(left, right))
      assert.equal(overlaps(left, right), overlaps(right, left))
    }),
  )
})

it('says the same as a regular expression', () => {
  fc.assert(
    fc.property(pattern, name, (each, eventName) => {
      const regex = patternRegex(each)
      const byRegex = regex === null ? each === eventName : new RegExp(regex).test(`.${eventName}`)
      assert.equal(byRegex, matchesPattern(each, eventName))
    }),
  )
})
