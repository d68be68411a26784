import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { HubClient, type Happening } from '../../packages/client/src/index.ts'
import { createTestDatabase } from '../../packages/hub/src/testing/database.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { lastingPort } from '../support/free-port.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'

test('events sent while the hub is killed again and again are stored once each, and the stream goes on', async () => {
  const database = await createTestDatabase()
  const key = randomBytes(32).toString('hex')
  const port = await lastingPort()
  const dataDir = newDataDir()
  const start = (): HubProcess =>
    new HubProcess(dataDir, {
      by: 'node',
      env: { HUB_ADMIN_KEY: key, HUB_PORT: String(port), DATABASE_URL: database.url },
    })
  let process = start()
  const stop = new AbortController()
  after(async () => {
    stop.abort()
    await process.killEverything()
    await database.drop()
    removeDataDirs()
  })
  const url = await process.ready()
  const retry = { attempts: 100, baseDelayMs: 50, maxDelayMs: 500 }
  const hub = new HubClient({ url, key, source: 'shop', retry })
  await hub.sources.put('shop', {})

  const seen: Happening[] = []
  const connections: string[] = []
  const watching = (async () => {
    const onConnection = (state: string): number => connections.push(state)
    for await (const item of hub.stream({ types: 'event.accepted', signal: stop.signal, onConnection }))
      seen.push(item)
  })()

  const sent: string[] = []
  const sending = (async () => {
    for (let n = 0; n < 300; n++)
      sent.push((await hub.events.send({ type: 'a', id: String(n), data: n })).eventId)
  })()
  for (const reached of [50, 150]) {
    await until(`${reached} are sent`, () => sent.length >= reached)
    await process.killEverything()
    process = start()
    await process.ready()
  }
  await sending

  assert.equal(new Set(sent).size, 300)
  const stored = await Array.fromAsync(hub.events.list({ source: 'shop' }))
  assert.deepEqual(stored.map(({ eventId }) => eventId).toSorted(), sent.toSorted())
  const later = new Set<unknown>()
  await until('the stream is back', async () => {
    later.add((await hub.events.send({ type: 'after' })).eventId)
    return seen.some(({ data }) => later.has(data['eventId']))
  })
  assert.ok(connections.includes('lost'))
  assert.ok(seen.some(({ type }) => type === 'gap'))
  stop.abort()
  await watching
})
