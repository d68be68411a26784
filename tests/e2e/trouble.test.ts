import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api, expectOk } from '../support/api.ts'
import { HubProcess, newDataDir, removeDataDirs, withHub } from '../support/hub-process.ts'
import { assertProblem } from './stage.ts'

after(removeDataDirs)
const adminKey = 'an-admin-key-that-is-long-enough-for-this'

test('while the store is down nothing is acknowledged, and all is well again without a restart', () =>
  withHub(
    new HubProcess(newDataDir(), { by: 'node', env: { HUB_ADMIN_KEY: adminKey } }),
    async (hub, url) => {
      const api = new Api(url, adminKey)
      after(() => api.close())
      const send = (key: string) =>
        api.send('POST', '/v1/events?source=hello&type=a', { headers: { 'idempotency-key': key }, body: key })
      assert.equal((await send('before')).status, 202)

      const { hubPid } = hub
      hub.killPostgres()
      const [refused, unready, unreadable] = await Promise.all([
        send('during'),
        api.get('/readyz'),
        api.get('/v1/events'),
      ])
      assertProblem(refused, 503, 'store_unavailable')
      assert.ok(Number(refused.headers['retry-after']) >= 1)
      assert.equal(unready.status, 503)
      assert.ok(unready.json.reasons[0].length > 10)
      assertProblem(unreadable, 503, 'store_unavailable')
      assert.equal((await api.get('/healthz')).status, 200)

      await until('it is ready again', async () => (await api.get('/readyz')).status === 200)
      const { eventId } = expectOk(await send('during'))
      expectOk(await send('before'))
      await until('it is delivered', async () => {
        return expectOk(await api.get(`/v1/events/${eventId}`)).status === 'DELIVERED'
      })
      assert.equal(hub.hubPid, hubPid)
    },
  ))
