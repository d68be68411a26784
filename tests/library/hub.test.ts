import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { after, suite, test } from 'node:test'
import pg from 'pg'
import { HubClient, WebhookVerificationError } from '../../packages/client/src/index.ts'
import { createTestDatabase } from '../../packages/hub/src/testing/database.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { forwardToHub, receiveFromHub } from '../../packages/outbox/src/hub/index.ts'
import { createOutbox, fromPg, type DomainEvent, type Outbox } from '../../packages/outbox/src/index.ts'
import { lastingPort } from '../support/free-port.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'

type AppOutbox = Outbox<Record<string, unknown>, pg.PoolClient>

const key = randomBytes(32).toString('hex')
const dataDir = newDataDir()
const database = await createTestDatabase()
const appDatabase = await createTestDatabase()
const pool = new pg.Pool({ connectionString: appDatabase.url })
pool.on('error', () => undefined)
const hubEnvironment = {
  HUB_ADMIN_KEY: key,
  HUB_PORT: String(await lastingPort()),
  DATABASE_URL: database.url,
}
const lines: string[] = []

let hubProcess = startHub()
// The client gives up early, so that it is the outbox that waits for the hub.
const retry = { attempts: 2, baseDelayMs: 20 }
const hub = new HubClient({ url: await hubProcess.ready(), key, retry })
await hub.sources.put('shop', {})
const outbox = newOutbox('integration')
await outbox.migrate()

after(async () => {
  await outbox.stop()
  await hubProcess.killEverything()
  await pool.end()
  await database.drop()
  await appDatabase.drop()
  removeDataDirs()
})

function startHub(): HubProcess {
  return new HubProcess(dataDir, { by: 'node', env: hubEnvironment })
}

function newOutbox(schema: string): AppOutbox {
  const say = (message: string): void => void lines.push(message)
  return createOutbox<Record<string, unknown>, pg.PoolClient>({
    db: fromPg(pool),
    schema,
    logger: { info: say, warn: say, error: say },
    settings: { 'retry.baseDelayMs': 10 },
  })
}

suite('an application with a hub', () => {
  test('forwards every fact once, however often the hub is killed meanwhile', async () => {
    forwardToHub(outbox, hub, { eventNames: ['order.*'], source: 'shop', retryAfterMs: 200 })
    await outbox.start()
    const ids: string[] = []
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 40; n++) ids.push(await outbox.publish(order(`${round}-${n}`)))
      await hubProcess.killEverything()
      ids.push(await outbox.publish(order(`${round}-away`)))
      await until('the outbox has noticed', async () =>
        lines.includes('The hub takes no events now; they wait in the outbox.'),
      )
      hubProcess = startHub()
      await hubProcess.ready()
    }
    await until(
      'all of them are forwarded',
      async () => (await outbox.stats()).processed === ids.length,
      60_000,
    )
    const stored = await Array.fromAsync(hub.events.list({ source: 'shop' }))
    assert.deepEqual(new Set(stored.map(({ attributes }) => attributes['id'])), new Set(ids))
    assert.equal(stored.length, ids.length)
    const [one] = stored
    assert.ok(one)
    assert.equal(one.type, 'order.placed')
    assert.equal(one.subject, one.attributes['aggregateid'])
    assert.equal((await outbox.stats()).deadLettered, 0)
    // One word each time it went, however many events waited.
    const complaints = lines.filter((line) => line.startsWith('The hub takes no'))
    assert.ok(complaints.length >= 1 && complaints.length <= 6, String(complaints.length))
  })

  test('keeps what the hub can not accept as a dead letter', async () => {
    const refusing = newOutbox('refused')
    await refusing.migrate()
    forwardToHub(refusing, hub, { eventNames: ['**'], source: 'shop' })
    const id = await refusing.publish(order('first'))
    await refusing.drain()
    assert.ok(await refusing.inbox.isProcessed(id, 'hub'))
    const other = newOutbox('refused_too')
    await other.migrate()
    forwardToHub(other, hub, { eventNames: ['**'], source: 'shop' })
    // The same id with another body: a conflict that no repetition mends.
    await other.publish({ ...order('second'), eventId: id })
    await other.drain()
    const dead = await other.deadLetters.list()
    assert.equal(dead.length, 1)
    assert.match(dead[0]?.error ?? '', /The hub does not accept it/)
    await assert.rejects(
      async () => forwardToHub(other, hub, { eventNames: [], source: 'shop' }),
      /eventNames/,
    )
  })

  test('handles what the hub delivers once, however often it is delivered, and forwards none of it back', async () => {
    const receiving = newOutbox('receiving')
    await receiving.migrate()
    const handled: DomainEvent[] = []
    receiving.subscribe({
      eventName: 'ticket.*',
      consumerName: 'billing',
      handler: async (event) => void handled.push(event),
    })
    forwardToHub(receiving, hub, { eventNames: ['**'], source: 'shop' })
    await receiving.start()
    after(() => receiving.stop())

    let secret = ''
    let requests = 0
    const refusals: string[] = []
    const server = http.createServer((request, response) => {
      void (async () => {
        requests += 1
        try {
          await receiveFromHub(receiving, {
            rawBody: await buffer(request),
            headers: request.headers,
            secret,
          })
          // Every other answer is lost, so that the hub delivers again.
          response.writeHead(requests % 2 === 1 ? 500 : 204).end()
        } catch (error) {
          refusals.push(error instanceof WebhookVerificationError ? error.reason : String(error))
          response.writeHead(401).end()
        }
      })()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    after(() => server.close())

    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await hub.sources.put('helpdesk', {})
    await hub.integrations.put('app', {
      sources: ['helpdesk'],
      target: { kind: 'http', url },
      retry: { delaysMs: [50] },
      circuit: { enabled: false },
    })
    ;({ secret } = await hub.integrations.secret('app'))
    const sent: string[] = []
    for (let n = 0; n < 30; n++) {
      const event = {
        type: 'ticket.created',
        source: 'helpdesk',
        subject: `T${n}`,
        id: String(n),
        data: { n },
      }
      sent.push((await hub.events.send(event)).eventId)
      if (n !== 15) continue
      await hubProcess.killEverything()
      hubProcess = startHub()
      await hubProcess.ready()
    }
    await until(
      'all of them are delivered',
      async () => (await hub.integrations.stats('app')).backlog === 0,
      60_000,
    )
    await until('all of them are handled', () => handled.length >= sent.length)
    assert.ok(requests > sent.length)
    assert.deepEqual(refusals, [])
    assert.deepEqual(handled.map(({ id }) => id).toSorted(), sent.toSorted())
    const first = handled.find(({ aggregateId }) => aggregateId === 'T3')
    assert.deepEqual(first?.payload, { n: 3 })
    assert.equal(first?.eventName, 'ticket.created')
    assert.equal(first?.sourceModule, 'helpdesk')
    await until(
      'the forwarder has skipped them',
      async () => (await receiving.stats()).skipped === sent.length,
    )
    const back = await Array.fromAsync(hub.events.list({ source: 'shop', type: 'ticket.created' }))
    assert.deepEqual(back, [])
  })

  test('refuses what the hub has not signed', async () => {
    const request = { rawBody: '{}', headers: { 'webhook-id': 'x' }, secret: `whsec_${btoa('x'.repeat(32))}` }
    await assert.rejects(receiveFromHub(outbox, request), { reason: 'missing_header' })
  })
})

function order(id: string) {
  return {
    eventName: 'order.placed',
    sourceModule: 'shop',
    aggregateType: 'Order',
    aggregateId: id,
    payload: { id },
  }
}
