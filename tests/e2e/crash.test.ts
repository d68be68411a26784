import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api, expectOk } from '../support/api.ts'
import { lastingPort } from '../support/free-port.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { Sink, type Arrival } from '../support/sink.ts'

const dataDir = newDataDir()
const adminKey = randomBytes(32).toString('hex')
const env = { HUB_ADMIN_KEY: adminKey, HUB_PORT: String(await lastingPort()), HUB_LOG_LEVEL: 'warn' }
const sink = await Sink.start()
let hub = start()

function start(): HubProcess {
  return new HubProcess(dataDir, { by: 'node', env })
}

after(async () => {
  await hub.killEverything()
  await sink.stop()
  removeDataDirs()
})

// Seen to fail with: attempts that only memory counts.
test('what waits for a retry when everything is killed is tried again when it is due, as the next attempt', async () => {
  const arrivals: Arrival[] = []
  sink.onArrival((arrival) => arrivals.push(arrival))
  sink.behave('target', ({ attempt }) => ({ status: attempt === 1 ? 503 : 200 }))
  const api = new Api(await hub.ready(), adminKey)
  after(() => api.close())
  const retryMs = 3_000
  const target = { kind: 'http', url: sink.urlOf('target') }
  const spec = { sources: ['hello'], retry: { delaysMs: [retryMs] }, target }
  expectOk(await api.put('/v1/integrations/target', spec))
  const { eventId } = expectOk(await api.post('/v1/events?source=hello&type=thing.happened', {}))
  const delivery = async () => {
    const { deliveries } = expectOk(await api.get(`/v1/events/${eventId}`))
    return deliveries.find(({ integration }: { integration: string }) => integration === 'target')
  }
  await until('it waits for its retry', async () => (await delivery()).waitingFor === 'retry')

  await hub.killEverything()
  hub = start()
  await hub.ready()
  await until('it is delivered', async () => (await delivery()).status === 'DELIVERED')
  assert.deepEqual(
    arrivals.map(({ attempt, eventId: id }) => [attempt, id]),
    [1, 2].map((attempt) => [attempt, eventId]),
  )
  const [first, second] = arrivals as [Arrival, Arrival]
  assert.ok(second.atMs - first.atMs > retryMs * 0.75, 'it came before it was due')
})
