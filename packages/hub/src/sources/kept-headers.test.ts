import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileKeptHeaders } from './kept-headers.ts'
import { request } from './testing.ts'

const kept = (patterns: readonly string[], headers: Record<string, string | string[]>) =>
  compileKeptHeaders(patterns)(request({ headers }))

test('names and beginnings choose, in any case', () => {
  const headers = { 'x-okdesk-event': 'new', 'x-okdesk-id': '5', 'x-request-id': 'r', 'x-other': 'o' }
  assert.deepEqual(kept(['X-Okdesk-*', 'X-Request-Id'], headers), {
    'x-okdesk-event': 'new',
    'x-okdesk-id': '5',
    'x-request-id': 'r',
  })
  assert.deepEqual(kept([], headers), {})
  assert.deepEqual(kept(['x-okdesk'], headers), {})
})

test('repeated headers stay together', () => {
  assert.deepEqual(kept(['x-a'], { 'x-a': ['1', '2'] }), { 'x-a': '1, 2' })
})

test('credentials, cookies and the headers of the connection are kept by no pattern', () => {
  const forbidden = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'host', 'content-length']
  forbidden.push('connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect')
  forbidden.push('content-type', 'content-encoding', 'accept-encoding', 'ce-id', 'webhook-id', 'hub-attempt')
  const headers = Object.fromEntries([...forbidden, 'x-fine'].map((name) => [name, 'v']))
  assert.deepEqual(kept(['*', ...forbidden], headers), { 'x-fine': 'v' })
})
