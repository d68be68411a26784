import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileTypePatterns, typePatternError } from './type-pattern.ts'

const seed = 20_26

function matches(pattern: string, type: string): boolean {
  return compileTypePatterns([pattern])(type)
}

test('an exact type matches itself only', () => {
  const wanted = compileTypePatterns(['new_ticket', 'issue.created'])
  assert.equal(wanted('new_ticket'), true)
  assert.equal(wanted('issue.created'), true)
  for (const type of ['new_ticket_status', 'New_ticket', 'issue', 'issue.created.late', '', 'toString'])
    assert.equal(wanted(type), false, type)
})

test('one star is exactly one segment', () => {
  assert.equal(matches('issue.*', 'issue.created'), true)
  assert.equal(matches('issue.*', 'issue'), false)
  assert.equal(matches('issue.*', 'issue.created.late'), false)
  assert.equal(matches('*.created', 'issue.created'), true)
  assert.equal(matches('*', 'new_ticket'), true)
  assert.equal(matches('*', 'issue.created'), false)
  assert.equal(matches('a.*.c', 'a.b.c'), true)
})

test('two stars are any number of segments, also none', () => {
  for (const type of ['', 'issue', 'issue.created.late']) assert.equal(matches('**', type), true, type)
  assert.equal(matches('issue.**', 'issue'), true)
  assert.equal(matches('issue.**', 'issue.created.late'), true)
  assert.equal(matches('issue.**', 'issues.created'), false)
  assert.equal(matches('**.created', 'a.b.created'), true)
  assert.equal(matches('a.**.z', 'a.z'), true)
  assert.equal(matches('a.**.z', 'a.b.z.c.z'), true)
  assert.equal(matches('a.**.z', 'a.b.z.c'), false)
  assert.equal(matches('**.*', ''), true)
  assert.equal(matches('*.**.*', 'a'), false)
})

test('one pattern of several is enough', () => {
  const wanted = compileTypePatterns(['new_ticket', 'issue.*', '**.deleted'])
  for (const type of ['new_ticket', 'issue.created', 'a.b.deleted', 'deleted'])
    assert.equal(wanted(type), true, type)
  for (const type of ['old_ticket', 'issue', 'a.b.delete']) assert.equal(wanted(type), false, type)
})

test('no pattern matches nothing', () => {
  assert.equal(compileTypePatterns([])('a'), false)
})

test('a wildcard in a part of a segment is refused with advice', () => {
  assert.match(typePatternError('a.new_*') ?? '', /"new_\*".*filter/)
  for (const wrong of ['*a', 'a*b.c', '***', 'a.***', '**x'])
    assert.notEqual(typePatternError(wrong), null, wrong)
  for (const fine of ['a', 'a.*', '**', '*.**.b', 'a..b', 'a.b_c-d/e'])
    assert.equal(typePatternError(fine), null, fine)
})

test('it agrees with the obvious recursive definition', () => {
  const model = (pattern: readonly string[], segments: readonly string[]): boolean => {
    const [first, ...rest] = pattern
    if (first === undefined) return segments.length === 0
    if (first === '**')
      return model(rest, segments) || (segments.length > 0 && model(pattern, segments.slice(1)))
    return segments.length > 0 && (first === '*' || first === segments[0]) && model(rest, segments.slice(1))
  }
  const segments = fc.array(fc.constantFrom('a', 'b', ''), { minLength: 1, maxLength: 6 })
  const pattern = fc.array(fc.constantFrom('a', 'b', '*', '**', ''), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(pattern, segments, (wanted, given) => {
      assert.equal(matches(wanted.join('.'), given.join('.')), model(wanted, given))
    }),
    { seed, numRuns: 5_000 },
  )
})

test('a hostile pattern takes no more than its share', () => {
  const wanted = compileTypePatterns(['**.a'.repeat(120) + '.b'])
  const started = process.hrtime.bigint()
  assert.equal(wanted('a.'.repeat(249) + 'a'), false)
  // Backtracking over every star would take longer than the universe; this takes well under a millisecond.
  assert.ok(process.hrtime.bigint() - started < 1_000_000_000n)
})
