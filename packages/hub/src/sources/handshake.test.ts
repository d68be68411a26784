import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerHandshake } from './handshake.ts'
import { problemOf, request, source } from './testing.ts'

const options = (headers: Record<string, string>) => request({ method: 'OPTIONS', headers })

test('a sender that asks may send, at the rate of the source', () => {
  const asking = options({ 'webhook-request-origin': 'events.example.com', 'webhook-request-rate': '120' })
  assert.deepEqual(answerHandshake(asking, source()), {
    status: 200,
    headers: {
      allow: 'POST, OPTIONS',
      'webhook-allowed-origin': 'events.example.com',
      'webhook-allowed-rate': '*',
    },
    contentType: null,
    body: '',
  })
  const rate = (perSecond: number): string | undefined =>
    answerHandshake(asking, source({ rateLimit: { perSecond } }))?.headers['webhook-allowed-rate']
  assert.equal(rate(2), '120')
  assert.equal(rate(0.001), '1')
})

test('other OPTIONS requests are not ours to answer', () => {
  assert.equal(answerHandshake(options({ origin: 'https://a.example' }), source()), null)
  assert.equal(answerHandshake(options({ 'webhook-request-origin': 'a\u00e9b c' }), source()), null)
})

const challenged = source({ handshake: { challenge: { query: 'hub.challenge' } } })

test('a challenge comes back as plain text that no browser runs', () => {
  const query = { 'hub.challenge': '<script>alert(1)</script>' }
  assert.deepEqual(answerHandshake(request({ method: 'GET', query }), challenged), {
    status: 200,
    headers: { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' },
    contentType: 'text/plain; charset=utf-8',
    body: '<script>alert(1)</script>',
  })
})

test('without its setting or its parameter there is no challenge', () => {
  const query = { 'hub.challenge': 'x' }
  assert.equal(answerHandshake(request({ method: 'GET', query }), source()), null)
  assert.equal(answerHandshake(request({ method: 'GET', query: { challenge: 'x' } }), challenged), null)
  assert.equal(answerHandshake(request({ method: 'POST', query }), challenged), null)
})

test('a token that is asked for must be right', () => {
  const verify = { query: 'hub.verify_token', token: 'correct-horse' }
  const guarded = source({ handshake: { challenge: { query: 'hub.challenge', verify } } })
  const asking = (token?: string) =>
    request({
      method: 'GET',
      query: { 'hub.challenge': '42', ...(token ? { 'hub.verify_token': token } : {}) },
    })
  assert.equal(answerHandshake(asking('correct-horse'), guarded)?.body, '42')
  for (const token of ['wrong', 'correct-horse2', undefined]) {
    const problem = problemOf('handshake_refused', () => answerHandshake(asking(token), guarded))
    assert.equal(problem.status, 403)
    assert.equal(problem.detail.includes('correct-horse'), false)
  }
})
