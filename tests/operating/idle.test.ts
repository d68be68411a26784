import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Api, expectOk } from '../support/api.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { PostgresServer } from '../support/postgres.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

const adminKey = randomBytes(32).toString('hex')
let server: PostgresServer
let proxy: TcpProxy
let hub: HubProcess
let api: Api

before(async () => {
  server = await PostgresServer.start()
  proxy = await TcpProxy.start(server.port)
  const url = new URL(server.url())
  url.port = String(proxy.port)
  const env = { DATABASE_URL: url.href, HUB_ADMIN_KEY: adminKey, HUB_LOG_LEVEL: 'warn' }
  hub = new HubProcess(newDataDir(), { by: 'node', env })
  api = new Api(await hub.ready(), adminKey)
})
after(async () => {
  await api.close()
  await hub.killEverything()
  await proxy.stop()
  await server.stop()
  removeDataDirs()
})

const watchedMs = 6_000
/** Nine were measured. With a poll of its own for each of the integrations there would be several times as many. */
const mostPerSecond = 20

// Seen to fail with: a look at the configuration every 20 ms.
test('an idle hub asks its database a few times a second, however many integrations it has', async () => {
  for (let n = 0; n < 50; n++) {
    const spec = { sources: ['hello'], types: ['never.sent'], target: { kind: 'inspect' } }
    expectOk(await api.put(`/v1/integrations/idle-${n}`, spec))
  }
  const askedSoFar = proxy.asked
  await sleep(watchedMs)
  const perSecond = ((proxy.asked - askedSoFar) * 1_000) / watchedMs
  assert.ok(perSecond < mostPerSecond, `${perSecond} a second`)
})
