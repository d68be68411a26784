import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invalidRequest, Problem, problemCodes } from './problems.ts'

test('every code has an error status and a title, in the style of a code', () => {
  for (const code of problemCodes) {
    const body = new Problem(code, 'Do this.').toJSON()
    assert.match(code, /^[a-z]+(_[a-z]+)*$/)
    assert.ok(body.status >= 400 && body.status < 600, code)
    assert.ok(body.title.length > 0, code)
  }
})

test('a problem is an error whose JSON is the answer and nothing more', () => {
  const cause = new Error('inner')
  const errors = [{ path: '/name', message: 'is required' }]
  const problem = new Problem('invalid_request', 'Give a name.', { errors, cause })
  assert.ok(problem instanceof Error)
  assert.equal(problem.message, 'Give a name.')
  assert.equal(problem.cause, cause)
  assert.deepEqual(JSON.parse(JSON.stringify(problem)), {
    title: 'The request is not valid',
    status: 400,
    code: 'invalid_request',
    detail: 'Give a name.',
    errors,
  })
})

test('what to wait for travels with the problem, not in its body', () => {
  const problem = new Problem('store_unavailable', 'Send it again.', { retryAfterSeconds: 2 })
  assert.equal(problem.status, 503)
  assert.equal(problem.retryAfterSeconds, 2)
  assert.equal('errors' in problem.toJSON(), false)
})

test('what is wrong with a request is told in its detail, all of it in its errors', () => {
  const errors = [
    { path: '/limit', message: 'must be <= 500' },
    { path: '/cursor', message: 'is not a cursor of this list' },
  ]
  const problem = invalidRequest('query', errors)
  assert.equal(problem.detail, 'The query is not valid: /limit must be <= 500 (and 1 more, see errors).')
  assert.equal(problem.errors, errors)
  const whole = invalidRequest('body', [{ path: '', message: 'is required' }])
  assert.equal(whole.detail, 'The body is not valid: it is required.')
})
