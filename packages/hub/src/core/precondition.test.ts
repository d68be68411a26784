import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etagOf, matchesEtag, preconditionProblem } from './precondition.ts'

const none = { ifMatch: undefined, ifNoneMatch: undefined }

test('without headers everything may change', () => {
  assert.equal(preconditionProblem(none, 3), null)
  assert.equal(preconditionProblem(none, null), null)
})

test('if-match wants the revision that is there', () => {
  assert.equal(preconditionProblem({ ...none, ifMatch: etagOf(3) }, 3), null)
  assert.match(preconditionProblem({ ...none, ifMatch: '"2"' }, 3) ?? '', /"2".*its ETag is "3"/)
  assert.match(preconditionProblem({ ...none, ifMatch: '"2"' }, null) ?? '', /does not exist/)
  assert.equal(preconditionProblem({ ...none, ifMatch: '*' }, 3), null)
  assert.notEqual(preconditionProblem({ ...none, ifMatch: '*' }, null), null)
})

test('if-none-match: * only creates', () => {
  assert.equal(preconditionProblem({ ...none, ifNoneMatch: '*' }, null), null)
  assert.notEqual(preconditionProblem({ ...none, ifNoneMatch: '*' }, 1), null)
})

test('a header may name several revisions, weakly or strongly', () => {
  assert.ok(matchesEtag('"1", W/"3"', 3))
  assert.equal(matchesEtag('3', 3), false)
})
