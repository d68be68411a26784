import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Pool } from 'undici'
import { selfSigned } from '../../packages/hub/src/core/certificate-testing.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api, expectOk } from '../support/api.ts'
import { lastingPort } from '../support/free-port.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { findService } from '../support/services.ts'
import { startCaddy, startNginx, type Proxy } from './proxies.ts'

const publicUrl = 'https://hub.example.com'
const dataDir = newDataDir()
const env = {
  HUB_PORT: String(await lastingPort()),
  HUB_PUBLIC_URL: publicUrl,
  HUB_TRUSTED_PROXIES: '127.0.0.1',
  HUB_LOG_LEVEL: 'debug',
}
const hub = new HubProcess(dataDir, { by: 'node', env })
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-proxy-'))
let hubUrl = ''
let adminKey = ''

before(async () => {
  hubUrl = await hub.ready()
  adminKey = fs.readFileSync(path.join(dataDir, 'admin-key'), 'utf8').trim()
})

after(async () => {
  await hub.killEverything()
  removeDataDirs()
  fs.rmSync(directory, { recursive: true, force: true })
})

const files = { nginx: 'nginx.conf', caddy: 'Caddyfile' } as const
const proxies = { nginx: startNginx, caddy: startCaddy } as const

for (const name of ['nginx', 'caddy'] as const) {
  const service = findService(name)
  suite(`behind ${name}`, { skip: service.skip }, () => {
    let proxy: Proxy
    let api: Api

    before(async () => {
      const own = path.join(directory, name)
      fs.mkdirSync(own)
      proxy = await proxies[name](service, own, hubUrl)
      const pool = new Pool(proxy.url, { connections: 8, connect: { ca: selfSigned.cert } })
      api = new Api(proxy.url, adminKey, pool)
    })

    after(async () => {
      await api.close()
      await proxy.stop()
    })

    const send = (body: Buffer, query = 'source=hello&type=some.thing', headers = {}) =>
      api.send('POST', `/v1/events?${query}`, { body, headers })

    test('payloads up to the limit of the hub arrive byte for byte, and its own answer tells of larger ones', async () => {
      const body = randomBytes(1024 * 1024)
      const { eventId } = expectOk(await send(body))
      const { bytes } = await api.get(`/v1/events/${eventId}/payload`)
      assert.ok(bytes.equals(body))
      const refused = await send(randomBytes(1024 * 1024 + 1))
      assert.deepEqual([refused.status, refused.json.code], [413, 'payload_too_large'])
    })

    test('a batch up to its limit passes', async () => {
      const data = 'x'.repeat(900_000)
      const batch = Array.from({ length: 16 }, (_, index) => ({
        ...{ specversion: '1.0', source: name, type: 'some.thing', id: `batch-${index}`, data },
      }))
      const answer = await send(Buffer.from(JSON.stringify(batch)), 'source=hello', {
        'content-type': 'application/cloudevents-batch+json',
      })
      assert.equal(expectOk(answer).events.length, 16)
    })

    test('the stream says what happens when it happens', async () => {
      const pool = new Pool(proxy.url, { connect: { ca: selfSigned.cert } })
      const { body } = await pool.request({
        method: 'GET',
        path: '/v1/stream?types=event.accepted',
        headers: { authorization: `Bearer ${adminKey}` },
      })
      let said = ''
      body.on('data', (chunk: Buffer) => (said += chunk.toString()))
      body.on('error', () => {})
      await until('it begins', () => said.includes('retry: 1000'))
      for (const _ of [1, 2, 3]) {
        const { eventId } = expectOk(await send(Buffer.from('{}')))
        // Far less than the heartbeat, which would push a buffer out.
        await until('it tells of the event', () => said.includes(eventId), 5_000)
      }
      await pool.destroy()
    })

    test('the hub knows the client by the proxy alone, whatever the client says of itself', async () => {
      const { status } = await api.get('/v1/events/seen-by-address', {
        headers: { 'x-forwarded-for': '203.0.113.7' },
      })
      assert.ok(status >= 400)
      const line = await until('the request is in the log', () =>
        hub.stdout.split('\n').findLast((text) => text.includes('/v1/events/seen-by-address')),
      )
      assert.equal(JSON.parse(line).address, '127.0.0.1')
    })

    test('the documents name the public address', async () => {
      const document = expectOk(await api.get('/openapi.json'))
      assert.equal(document.servers[0].url, publicUrl)
    })

    test('keys stand in no log of the proxy', async () => {
      const made = expectOk(await api.post('/v1/keys', { name, role: 'source', source: 'hello' }))
      const resource = `/v1/sources/hello/events?type=in.query&key=${made.key}`
      assert.equal((await api.as(null).send('POST', resource, { body: '{}' })).status, 202)
      await until('it is logged', () => proxy.log().includes('/v1/sources/hello/events'))
      for (const secret of [made.key, adminKey]) assert.ok(!proxy.log().includes(secret))
    })

    test('it closes idle connections to the hub before the hub does', async () => {
      const configuration = path.resolve('docs/operating/proxy', files[name])
      const [, proxySeconds] =
        /keepalive(?:_timeout)? (\d+)s/.exec(fs.readFileSync(configuration, 'utf8')) ?? []
      const { headers } = await fetch(`${hubUrl}/healthz`)
      const [, hubSeconds] = /timeout=(\d+)/.exec(headers.get('keep-alive') ?? '') ?? []
      assert.ok(Number(proxySeconds) < Number(hubSeconds), `${proxySeconds} s, and the hub ${hubSeconds} s`)
    })
  })
}

test('who reaches the hub directly is not believed when its address is not trusted', async () => {
  // From another address of the same machine, which is no trusted proxy.
  const pool = new Pool(hubUrl, { localAddress: '127.0.0.2' })
  const api = new Api(hubUrl, adminKey, pool)
  await api.get('/v1/events/seen-directly', { headers: { 'x-forwarded-for': '203.0.113.7' } })
  await api.close()
  const line = await until('the request is in the log', () =>
    hub.stdout.split('\n').findLast((text) => text.includes('/v1/events/seen-directly')),
  )
  assert.equal(JSON.parse(line).address, '127.0.0.2')
})
