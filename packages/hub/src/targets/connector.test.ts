import assert from 'node:assert/strict'
import type dns from 'node:dns'
import net from 'node:net'
import { test } from 'node:test'
import tls from 'node:tls'
import { addressPolicy } from '../core/address.ts'
import type { Lookup } from './connector.ts'
import { selfSigned } from '../core/certificate-testing.ts'
import { answering, deliverOne, httpTarget, listen, listenTls, ok, sampleDelivery } from './testing.ts'

function resolvingTo(...addresses: readonly string[]): Lookup {
  const found = addresses.map((address): dns.LookupAddress => ({ address, family: net.isIP(address) }))
  return (_hostname, _options, done) => queueMicrotask(() => done(null, found))
}

const noLoopback = { addresses: addressPolicy([], ['127.0.0.0/8', '::1/128']) }

test('a name is resolved and what it leads to is called', async (t) => {
  const server = await answering(t, ok)
  const target = httpTarget(
    t,
    `http://billing.example:${server.port}/`,
    {},
    { lookup: resolvingTo('127.0.0.1') },
  )
  assert.equal((await deliverOne(target)).result, 'delivered')
})

test('the very address that was checked is connected to, even if the name changes at once', async (t) => {
  const server = await answering(t, ok)
  const answers = [['127.0.0.2'], ['127.0.0.1']]
  const asked: string[] = []
  const rebinding: Lookup = (hostname, options, done) => {
    asked.push(hostname)
    resolvingTo(...(answers.shift() ?? ['127.0.0.1']))(hostname, options, done)
  }
  const target = httpTarget(
    t,
    `http://rebind.example:${server.port}/`,
    { timeoutMs: 300 },
    {
      lookup: rebinding,
      deps: { addresses: addressPolicy([], ['127.0.0.1/32']) },
    },
  )
  const first = await deliverOne(target)
  assert.equal(first.result, 'failed')
  assert.notEqual(first.errorClass, 'address')
  const second = await deliverOne(target)
  assert.equal(second.errorClass, 'address')
  assert.equal(asked.length, 2)
  assert.equal(server.connections(), 0)
})

test('denied addresses are left out, and nothing is called if none remains', async (t) => {
  const server = await answering(t, ok)
  const url = `http://billing.example:${server.port}/`
  const mixed = httpTarget(t, url, {}, { lookup: resolvingTo('169.254.169.254', '127.0.0.1') })
  assert.equal((await deliverOne(mixed)).result, 'delivered')
  const metadata = httpTarget(
    t,
    url,
    {},
    { lookup: resolvingTo('169.254.169.254', '::ffff:169.254.169.254') },
  )
  const outcome = await deliverOne(metadata)
  assert.equal(outcome.result, 'failed')
  assert.equal(outcome.errorClass, 'address')
  assert.match(outcome.error ?? '', /may not connect to billing\.example:\d+: .*link-local address/)
})

test('a literal address is checked when connecting as well', async (t) => {
  const server = await answering(t, ok)
  for (const host of ['127.0.0.1', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost']) {
    const target = httpTarget(t, `http://${host}:${server.port}/`, {}, { deps: noLoopback })
    const outcome = await deliverOne(target)
    assert.equal(outcome.errorClass, 'address', `${host}: ${outcome.error}`)
    assert.equal(outcome.result, 'failed')
  }
  assert.equal(server.connections(), 0)
})

test('a name that cannot be resolved', async (t) => {
  const unknown: Lookup = (_hostname, _options, done) => {
    queueMicrotask(() => done(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []))
  }
  const outcome = await deliverOne(httpTarget(t, 'http://nowhere.invalid/', {}, { lookup: unknown }))
  assert.equal(outcome.errorClass, 'dns')
  assert.equal(outcome.error, 'The name of nowhere.invalid could not be resolved (ENOTFOUND).')
})

test('a resolver that hangs holds nobody past the deadline, and is asked once', async (t) => {
  let asked = 0
  const hanging: Lookup = () => {
    asked += 1
  }
  const target = httpTarget(t, 'http://slow.example/', { timeoutMs: 50 }, { lookup: hanging })
  const outcomes = await Promise.all([deliverOne(target), deliverOne(target), deliverOne(target)])
  for (const outcome of outcomes) {
    assert.equal(outcome.errorClass, 'timeout')
    assert.match(outcome.error ?? '', /No connection to slow\.example came about within 50 ms/)
  }
  assert.equal((await deliverOne(target)).errorClass, 'timeout')
  assert.equal(asked, 1)
})

test('a certificate that no authority signed', async (t) => {
  const port = await listenTls(t, selfSigned)
  const outcome = await deliverOne(httpTarget(t, `https://localhost:${port}/`))
  assert.equal(outcome.result, 'failed')
  assert.equal(outcome.errorClass, 'tls')
  assert.match(
    outcome.error ?? '',
    /^The TLS handshake with localhost:\d+ failed: self-signed certificate\.$/,
  )
})

test('with an authority that is trusted: the right name, and a wrong one', async (t) => {
  const trusted = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...trusted, selfSigned.cert])
  t.after(() => tls.setDefaultCACertificates(trusted))
  const port = await listenTls(t, selfSigned)
  const target = httpTarget(t, `https://localhost:${port}/`)
  assert.equal((await deliverOne(target)).result, 'delivered')
  const wrong = httpTarget(t, `https://billing.example:${port}/`, {}, { lookup: resolvingTo('127.0.0.1') })
  const outcome = await deliverOne(wrong)
  assert.equal(outcome.errorClass, 'tls')
  assert.match(outcome.error ?? '', /altnames/)
})

test('what speaks no TLS, and what never finishes the handshake', async (t) => {
  const plain = await listen(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  assert.equal((await deliverOne(httpTarget(t, `https://127.0.0.1:${plain.port}/`))).errorClass, 'tls')
  const closing = await listen(t, (socket) => socket.destroy())
  assert.equal((await deliverOne(httpTarget(t, `https://127.0.0.1:${closing.port}/`))).errorClass, 'tls')
  const silent = await listen(t, () => {})
  const target = httpTarget(t, `https://127.0.0.1:${silent.port}/`, { timeoutMs: 100 })
  const outcome = await deliverOne(target, sampleDelivery())
  assert.equal(outcome.errorClass, 'timeout')
  assert.match(outcome.error ?? '', /No connection/)
})

test('closing ends connections that are still being made', async (t) => {
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  const { promise: connected, resolve: onConnected } = Promise.withResolvers<void>()
  const silent = await listen(t, (socket) => {
    onConnected()
    socket.resume().on('close', resolve)
  })
  const target = httpTarget(t, `https://127.0.0.1:${silent.port}/`, { timeoutMs: 60_000 })
  const stop = new AbortController()
  const cut = deliverOne(target, sampleDelivery(), stop.signal)
  await connected
  stop.abort()
  assert.equal((await cut).result, 'aborted')
  await target.close()
  await gone
})
