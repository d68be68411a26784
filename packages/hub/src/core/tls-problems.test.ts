import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientSigned, selfSigned } from './certificate-testing.ts'
import { HttpTarget } from './integration-spec.ts'
import { check } from './schema.ts'
import { tlsProblems } from './tls-problems.ts'

function problems(parts: object): Record<string, string> {
  const target = check(HttpTarget, { kind: 'http', url: 'https://billing.example/', ...parts })
  assert.ok(target.ok, JSON.stringify(target))
  return Object.fromEntries(tlsProblems(target.value).map(({ path, message }) => [path, message]))
}

const { cert: certificate, key, encryptedKey, passphrase } = clientSigned
const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'

test('sound certificates, keys and authorities', () => {
  const sound = [
    { kind: 'mtls', certificate, key },
    {
      kind: 'mtls',
      certificate: `${certificate}\r\n${selfSigned.cert}\n`,
      key: key.replaceAll('\n', '\r\n'),
    },
    { kind: 'mtls', certificate, key: encryptedKey, passphrase },
    { kind: 'mtls', certificate, key, passphrase: 'of another key, from before' },
  ]
  for (const auth of sound) assert.deepEqual(problems({ auth }), {})
  assert.deepEqual(
    problems({ tls: { ca: `# ours\n${selfSigned.cert}`, servername: 'billing.internal' } }),
    {},
  )
})

test('a certificate or key that cannot be read, or that do not belong together', () => {
  const wrong: [object, string, RegExp][] = [
    [{ certificate: 'x', key }, '/auth/certificate', /BEGIN CERTIFICATE/],
    [{ certificate: key, key }, '/auth/certificate', /BEGIN CERTIFICATE/],
    [{ certificate: broken, key }, '/auth/certificate', /broken certificate, number 1/],
    [{ certificate: `${certificate}\n${broken}`, key }, '/auth/certificate', /number 2/],
    [{ certificate, key: 'x' }, '/auth/key', /private key in PEM/],
    [{ certificate, key: certificate }, '/auth/key', /private key in PEM/],
    [{ certificate, key: selfSigned.key }, '/auth/key', /not the key of the first certificate/],
    [{ certificate, key: encryptedKey }, '/auth/passphrase', /is required/],
    [{ certificate, key: encryptedKey, passphrase: 'no' }, '/auth/passphrase', /does not open/],
  ]
  for (const [auth, path, message] of wrong) {
    const found = problems({ auth: { kind: 'mtls', ...auth } })
    assert.deepEqual(Object.keys(found), [path], JSON.stringify(found))
    assert.match(found[path] ?? '', message)
    assert.doesNotMatch(found[path] ?? '', /PRIVATE KEY/)
  }
  assert.deepEqual(Object.keys(problems({ auth: { kind: 'mtls', certificate: 'x', key: 'x' } })), [
    '/auth/certificate',
    '/auth/key',
  ])
})

test('authorities and names that could not be used', () => {
  assert.match(problems({ tls: { ca: 'x' } })['/tls/ca'] ?? '', /BEGIN CERTIFICATE/)
  assert.match(problems({ tls: { ca: `${certificate}${broken}` } })['/tls/ca'] ?? '', /number 2/)
  assert.match(problems({ tls: { servername: '10.0.0.1' } })['/tls/servername'] ?? '', /a name/)
  for (const servername of ['', '-a', 'a b', 'a..b', 'a\n'])
    assert.equal(check(HttpTarget, { kind: 'http', url: 'https://x/', tls: { servername } }).ok, false)
})

test('without TLS there is nothing to show or believe', () => {
  const auth = { kind: 'mtls', certificate, key }
  const tls = { ca: selfSigned.cert, servername: 'a' }
  assert.deepEqual(Object.keys(problems({ url: 'http://billing.example/', auth, tls })), [
    '/auth/kind',
    '/tls/ca',
    '/tls/servername',
  ])
})

test('there is no way to switch verification off', () => {
  for (const tls of [{ rejectUnauthorized: false }, { insecure: true }, { verify: false }])
    assert.equal(check(HttpTarget, { kind: 'http', url: 'https://x/', tls }).ok, false)
})

test('authorities have a use where only the token endpoint speaks TLS', () => {
  const client = { kind: 'oauth2-client-credentials', clientId: 'hub', clientSecret: 's' }
  const parts = { url: 'http://billing.example/', tls: { ca: selfSigned.cert } }
  assert.deepEqual(problems({ ...parts, auth: { ...client, tokenUrl: 'https://id.example/' } }), {})
  const unsafe = { ...parts, auth: { ...client, tokenUrl: 'http://id.example/' } }
  assert.deepEqual(Object.keys(problems(unsafe)), ['/tls/ca'])
})
