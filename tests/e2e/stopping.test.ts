import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestDatabase } from '../../packages/hub/src/testing/database.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api, expectOk, type Json } from '../support/api.ts'
import { HubProcess, newDataDir, removeDataDirs, withHub } from '../support/hub-process.ts'
import { Sink } from '../support/sink.ts'

const adminKey = 'an-admin-key-that-is-long-enough-for-this'

test('a stop cuts off what hangs after ten seconds, records it as aborted, and the next start delivers it', async () => {
  const database = await createTestDatabase()
  after(() => database.drop())
  const sink = await Sink.start()
  after(() => sink.stop())
  after(removeDataDirs)
  const dataDir = newDataDir()
  const options = { by: 'node', env: { HUB_ADMIN_KEY: adminKey, DATABASE_URL: database.url } } as const
  const seen: string[] = []
  sink.onArrival(({ eventId, attempt }) => seen.push(`${eventId} ${attempt}`))
  sink.behave('target', 'hang')

  const eventId = await withHub(new HubProcess(dataDir, options), async (hub, url) => {
    const api = new Api(url, adminKey)
    const target = { kind: 'http', url: sink.urlOf('target'), timeoutMs: 60_000 }
    expectOk(await api.put('/v1/sources/shop', {}))
    expectOk(await api.put('/v1/integrations/target', { sources: ['shop'], target }))
    const sent = expectOk(await api.send('POST', '/v1/events?source=shop&type=a', { body: 'x' }))
    await until('the target has it', () => seen.length === 1)
    const askedMs = performance.now()
    process.kill(hub.pid, 'SIGTERM')
    await until('nothing new is accepted', async () => {
      const answer = await api.post('/v1/events?source=shop&type=a', {}).catch(() => null)
      return answer === null || answer.status === 503
    })
    assert.equal((await hub.ended).code, 0)
    const tookMs = performance.now() - askedMs
    assert.ok(tookMs > 9_000 && tookMs < 20_000, `the stop took ${tookMs} ms`)
    await api.close()
    return sent.eventId as string
  })

  sink.behave('target', { status: 200 })
  await withHub(new HubProcess(dataDir, options), async (_hub, url) => {
    const api = new Api(url, adminKey)
    const delivered = await until('it is delivered', async () => {
      const event = expectOk(await api.get(`/v1/events/${eventId}`))
      return event.status === 'DELIVERED' && event
    })
    assert.deepEqual(
      seen.filter((one) => one.startsWith(eventId)),
      [`${eventId} 1`, `${eventId} 2`],
    )
    const delivery = expectOk(await api.get(`/v1/deliveries/${delivered.deliveries[0].deliveryId}`))
    assert.deepEqual(
      delivery.attempts.map((attempt: Json) => [attempt.outcome, attempt.counted]),
      [
        ['aborted', false],
        ['delivered', true],
      ],
    )
    assert.equal(delivery.attemptCount, 1)
    await api.close()
  })
})
