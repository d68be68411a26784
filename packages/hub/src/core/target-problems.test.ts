import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressPolicy } from './address.ts'
import { clientSigned } from './certificate-testing.ts'
import { HttpTarget } from './integration-spec.ts'
import { check } from './schema.ts'
import { targetProblems } from './target-problems.ts'

function problems(parts: object, policy = addressPolicy([], [])): Record<string, string> {
  const target = check(HttpTarget, { kind: 'http', url: 'https://billing.example/hook/{type}', ...parts })
  assert.ok(target.ok, JSON.stringify(target))
  const found = targetProblems(target.value, policy)
  return Object.fromEntries(found.map(({ path, message }) => [path, message]))
}

test('a sound target has no problems', () => {
  assert.deepEqual(
    problems({ headers: { 'x-api-key': 'k', 'X-Event': '{eventId}', 'user-agent': 'mine' } }),
    {},
  )
  assert.deepEqual(targetProblems({ kind: 'inspect' }, addressPolicy([], [])), [])
})

test('a literal address that is denied is refused in any form', () => {
  const denied = addressPolicy([], ['127.0.0.0/8'])
  for (const host of [
    '127.0.0.1',
    '127.1',
    '0x7f000001',
    '2130706433',
    '[::ffff:127.0.0.1]',
    '[2002:7f00:1::]',
  ])
    assert.match(problems({ url: `http://${host}:8080/` }, denied)['/url'] ?? '', /HUB_TARGETS_DENY/, host)
  assert.match(problems({ url: 'http://169.254.169.254/latest' })['/url'] ?? '', /never allowed/)
  assert.deepEqual(problems({ url: 'http://127.0.0.1:8080/' }), {})
  assert.deepEqual(problems({ url: 'http://localhost:8080/' }, denied), {})
})

test('a bad URL names its path', () => {
  for (const url of [
    'nowhere',
    'ftp://x.example/',
    'https://u:p@x.example/',
    'https://{type}.example/',
    'https://x/{y}',
  ])
    assert.ok(problems({ url })['/url'], url)
})

test('headers of the connection and of the envelope are refused', () => {
  const refused = [
    ...['host', 'Content-Length', 'connection', 'Transfer-Encoding', 'upgrade', 'te', 'expect', 'keep-alive'],
    ...[
      'webhook-id',
      'Webhook-Signature',
      'ce-id',
      'ce-anything',
      'hub-attempt',
      'traceparent',
      'content-type',
    ],
  ]
  for (const name of refused) assert.ok(problems({ headers: { [name]: 'x' } })[`/headers/${name}`], name)
})

test('without the envelope its names are free, those of the connection are not', () => {
  const headers = { 'content-type': 'text/xml', 'webhook-id': '{eventId}', 'ce-id': 'x', host: 'x' }
  assert.deepEqual(Object.keys(problems({ envelope: 'none', headers })), ['/headers/host'])
})

// Seen to fail with: the Kelvin sign, which in lower case is a k.
test('names and values that HTTP cannot carry are refused', () => {
  for (const name of ['', 'x y', 'x:y', 'é', 'x-\u212aey'])
    assert.equal(
      problems({ headers: { [name]: 'x' } })[`/headers/${name}`],
      'is not a valid header name',
      name,
    )
  assert.ok(problems({ headers: { 'x/y~': 'x' } })['/headers/x~1y~0'])
  for (const value of ['a\r\nb: c', 'a\nb', 'a\0', 'é', '\x7f'])
    assert.match(
      problems({ headers: { x: value } })['/headers/x'] ?? '',
      /must be ASCII/,
      JSON.stringify(value),
    )
  assert.match(problems({ headers: { x: '{typo}' } })['/headers/x'] ?? '', /names \{typo\}/)
})

test('a header is given once', () => {
  assert.deepEqual(Object.keys(problems({ headers: { 'x-a': '1', 'X-A': '2' } })), ['/headers/X-A'])
  const auth = { kind: 'bearer', token: 't' }
  assert.deepEqual(problems({ auth, headers: { Authorization: 'x' } }), {
    '/headers/Authorization': 'is already set by "auth"',
  })
  assert.deepEqual(problems({ headers: { Authorization: 'x' } }), {})
})

test('with a certificate for authentication the header stays free', () => {
  const auth = { kind: 'mtls', certificate: clientSigned.cert, key: clientSigned.key }
  assert.deepEqual(problems({ auth, headers: { Authorization: 'x' } }), {})
})

test('credentials that could not be sent are refused', () => {
  assert.ok(problems({ auth: { kind: 'basic', username: 'a:b', password: 'é\n' } })['/auth/username'])
  assert.ok(problems({ auth: { kind: 'bearer', token: 'a\r\nb' } })['/auth/token'])
})

test('a token URL is one that a target could have, without variables', () => {
  const client = { kind: 'oauth2-client-credentials', clientId: 'hub', clientSecret: 's' }
  const problem = (tokenUrl: string) =>
    problems({ auth: { ...client, tokenUrl }, headers: { 'x-key': 'k' } })['/auth/tokenUrl'] ?? null
  assert.equal(problem('https://id.example/token?tenant=1'), null)
  assert.equal(problem('https://id.example'), null)
  assert.match(problem('https://id.example/{type}') ?? '', /must not hold variables/)
  assert.match(problem('ftp://id.example/') ?? '', /must begin with http/)
  assert.match(problem('https://u:p@id.example/') ?? '', /must not hold a user/)
  assert.match(problem('http://169.254.169.254/token') ?? '', /never allowed/)
  const auth = { ...client, tokenUrl: 'https://id.example/' }
  assert.deepEqual(Object.keys(problems({ auth, headers: { Authorization: 'x' } })), [
    '/headers/Authorization',
  ])
})

test('a contract that cannot be used is told with the rest', () => {
  const found = problems({ url: 'nowhere', openapi: { document: '{}', operationId: 'ship' } })
  assert.deepEqual(Object.keys(found), ['/url', '/openapi/document'])
})
