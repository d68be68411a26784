import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { ingestHub, keyOf } from './ingest/testing.ts'
import { buildTestApp, fakeHub } from './testing.ts'

const origin = 'https://app.example'

function appFor(corsOrigins: readonly string[]) {
  const { hub } = ingestHub({ shop: {} })
  return buildTestApp({ ...hub, settings: { ...hub.settings, corsOrigins } })
}

test('every answer forbids a browser to do more with it than read it', async () => {
  const app = buildTestApp(fakeHub())
  for (const url of ['/healthz', '/nowhere', '/v1/sources']) {
    const { headers } = await app.inject(url)
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    assert.match(
      String(headers['content-security-policy']),
      /default-src 'none'; frame-ancestors 'none'/,
      url,
    )
    assert.equal(headers['cache-control'], 'no-store', url)
  }
})

test('behind https browsers are told to stay there', async () => {
  const hub = fakeHub()
  const app = buildTestApp({ ...hub, settings: { ...hub.settings, publicUrl: 'https://hub.example' } })
  assert.match(String((await app.inject('/healthz')).headers['strict-transport-security']), /max-age/)
})

test('pages of allowed origins may call the API, others may not', async () => {
  const app = appFor([origin])
  const allowed = await app.inject({ url: '/healthz', headers: { origin } })
  assert.equal(allowed.headers['access-control-allow-origin'], origin)
  assert.equal(allowed.headers['vary'], 'origin')
  const other = await app.inject({ url: '/healthz', headers: { origin: 'https://evil.example' } })
  assert.equal(other.headers['access-control-allow-origin'], undefined)
  const none = await appFor([]).inject({ url: '/healthz', headers: { origin } })
  assert.equal(none.headers['access-control-allow-origin'], undefined)
})

test('a preflight is answered wherever it goes, and says what may follow', async () => {
  const app = appFor([origin])
  const headers = {
    origin,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'authorization,if-match',
  }
  for (const url of ['/v1/sources/shop', '/v1/sources/shop/events', '/v1/events']) {
    const answer = await app.inject({ method: 'OPTIONS', url, headers })
    assert.equal(answer.statusCode, 204, url)
    assert.match(String(answer.headers['access-control-allow-methods']), /PUT/)
    assert.equal(answer.headers['access-control-allow-headers'], 'authorization,if-match')
  }
})

test('a refused call is readable for a page too', async () => {
  const answer = await appFor([origin]).inject({ url: '/v1/sources', headers: { origin } })
  assert.deepEqual([answer.statusCode, answer.headers['access-control-allow-origin']], [401, origin])
})

test('one line tells of a request at debug, and no secret', async () => {
  const lines: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const app = buildTestApp({ ...ingestHub({ shop: {} }).hub, logger })
  await app.inject({
    method: 'POST',
    url: `/v1/sources/shop/events?type=a&key=${keyOf('shop')}`,
    payload: 'x',
  })
  assert.equal(lines.length, 1)
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  assert.equal(line['path'], '/v1/sources/shop/events')
  assert.equal(line['status'], 202)
  assert.equal(lines[0]?.includes(keyOf('shop')), false)
})

test('an address is believed from a trusted proxy only', async () => {
  const addresses: unknown[] = []
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => void addresses.push(JSON.parse(line).address) },
  )
  const headers = { 'x-forwarded-for': '203.0.113.9' }
  for (const trustedProxies of [[], ['127.0.0.0/8']]) {
    const hub = fakeHub({ logger })
    await buildTestApp({ ...hub, settings: { ...hub.settings, trustedProxies } }).inject({
      url: '/healthz',
      headers,
    })
  }
  assert.deepEqual(addresses, ['127.0.0.1', '203.0.113.9'])
})
