import assert from 'node:assert/strict'
import { test } from 'node:test'
import type tls from 'node:tls'
import { clientSigned, selfSigned } from '../core/certificate-testing.ts'
import type { Lookup } from './connector.ts'
import { describeFailure } from './failure.ts'
import { deliverOne, httpTarget, listenTls } from './testing.ts'

const loopback: Lookup = (_hostname, _options, done) =>
  queueMicrotask(() => done(null, [{ address: '127.0.0.1', family: 4 }]))

const ca = selfSigned.cert
const { cert: certificate, key, encryptedKey, passphrase } = clientSigned
/** Lets in who shows a certificate that its authority signed. */
const demanding: tls.TlsOptions = { ...selfSigned, ca, requestCert: true, rejectUnauthorized: true }

test('an authority of its own is believed, by the target that names it only', async (t) => {
  const port = await listenTls(t, selfSigned)
  const url = `https://localhost:${port}/`
  assert.equal((await deliverOne(httpTarget(t, url, { tls: { ca } }))).result, 'delivered')
  assert.equal((await deliverOne(httpTarget(t, url))).errorClass, 'tls')
  const other = await deliverOne(httpTarget(t, url, { tls: { ca: certificate } }))
  assert.equal(other.errorClass, 'tls')
})

test('the name to ask for and to believe may differ from that of the URL', async (t) => {
  const asked: unknown[] = []
  const port = await listenTls(t, selfSigned, (socket) => asked.push(socket.servername))
  const options = { lookup: loopback }
  const url = `https://billing.example:${port}/`
  const named = httpTarget(t, url, { tls: { ca, servername: 'localhost' } }, options)
  assert.equal((await deliverOne(named)).result, 'delivered')
  assert.deepEqual(asked, ['localhost'])
  const wrong = httpTarget(t, url, { tls: { ca } }, options)
  assert.match((await deliverOne(wrong)).error ?? '', /altnames/)
})

test('a certificate of our own is shown, also when its key is encrypted', async (t) => {
  const shown: unknown[] = []
  const port = await listenTls(t, demanding, (socket) => shown.push(socket.getPeerCertificate().subject.CN))
  for (const auth of [
    { kind: 'mtls', certificate, key },
    { kind: 'mtls', certificate, key: encryptedKey, passphrase },
  ]) {
    const outcome = await deliverOne(httpTarget(t, `https://localhost:${port}/`, { auth, tls: { ca } }))
    assert.equal(outcome.result, 'delivered', outcome.error ?? '')
  }
  assert.deepEqual(shown, ['hub', 'hub'])
})

test('a target that wants a certificate and gets none takes nothing', async (t) => {
  // After a handshake of TLS 1.3 its refusal may look like a closed connection.
  for (const [version, classes] of [
    ['TLSv1.2', /^tls$/],
    ['TLSv1.3', /^(tls|reset)$/],
  ] as const) {
    const port = await listenTls(t, { ...demanding, minVersion: version, maxVersion: version })
    const outcome = await deliverOne(httpTarget(t, `https://localhost:${port}/`, { tls: { ca } }))
    assert.equal(outcome.result, 'failed')
    assert.match(outcome.errorClass ?? '', classes, outcome.error ?? '')
  }
})

test('TLS that is broken off after the handshake', () => {
  const cause = Object.assign(new Error('openssl'), { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })
  assert.deepEqual(describeFailure(cause, 'billing.example'), {
    errorClass: 'tls',
    error: 'billing.example broke off TLS (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED).',
  })
})

test('certificates that got past their checks and cannot be used fail each delivery, and tell no key', async (t) => {
  const auth = { kind: 'mtls', certificate, key: selfSigned.key }
  const outcome = await deliverOne(httpTarget(t, 'https://localhost:1/', { auth }))
  assert.equal(outcome.errorClass, 'misconfigured')
  assert.match(outcome.error ?? '', /certificates can't be used/)
  assert.doesNotMatch(outcome.error ?? '', /PRIVATE KEY/)
})
