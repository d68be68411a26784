import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, test } from 'node:test'
import type { App } from './app.ts'
import { ingestHub, keyOf, type Accepted } from './ingest/testing.ts'
import { buildTestApp } from './testing.ts'

let app: App
let accepted: Accepted[]

beforeEach(async () => {
  const made = ingestHub({ shop: {} })
  accepted = made.accepted
  app = buildTestApp(made.hub)
  await app.listen({ port: 0, host: '127.0.0.1' })
})

afterEach(() => app.close())

function dial(): Socket {
  return connect((app.server.address() as AddressInfo).port, '127.0.0.1')
}

function head(length: number, more = '', key = keyOf('shop')): string {
  return (
    `POST /v1/events?type=a HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer ${key}\r\n` +
    `content-length: ${length}\r\n${more}\r\n`
  )
}

async function answers(socket: Socket): Promise<string[]> {
  const all = await text(socket)
  return [...all.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)
}

test('a client that sends all of a body that is too large still reads the 413', async () => {
  const socket = dial()
  const bytes = 8 * 1024 * 1024
  socket.write(head(bytes, 'connection: close\r\n'))
  socket.write(Buffer.alloc(bytes))
  assert.deepEqual(await answers(socket), ['413'])
})

test('the connection serves on after a body that was too large', async () => {
  const socket = dial()
  const bytes = 2 * 1024 * 1024
  socket.write(head(bytes))
  socket.write(Buffer.alloc(bytes))
  socket.write(head(2, 'connection: close\r\n') + '{}')
  assert.deepEqual(await answers(socket), ['413', '202'])
  assert.equal(accepted.length, 1)
})

test('whoever may not send reads why, however much they send', async () => {
  const socket = dial()
  const bytes = 4 * 1024 * 1024
  socket.write(head(bytes, 'connection: close\r\n', 'hub_unknown'))
  socket.write(Buffer.alloc(bytes))
  assert.deepEqual(await answers(socket), ['401'])
})

test('a body that breaks off is no event', async () => {
  const socket = dial()
  socket.write(head(100) + 'half')
  await once(app.server, 'request')
  socket.destroy()
  const next = dial()
  next.write(head(2, 'connection: close\r\n') + '{}')
  assert.deepEqual(await answers(next), ['202'])
  assert.deepEqual(
    accepted.map(({ event }) => event.body.toString()),
    ['{}'],
  )
})

test('a body that does not arrive in time is 408', async () => {
  app.server.headersTimeout = 50
  app.server.requestTimeout = 50
  const socket = dial()
  socket.write(head(100) + 'half')
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n.*"code":"request_timeout"/s)
  assert.deepEqual(accepted, [])
})

test('several requests in one packet are all answered', async () => {
  const socket = dial()
  socket.write(`${head(2)}{}${head(1)}1${head(0, 'connection: close\r\n')}`)
  assert.deepEqual(await answers(socket), ['202', '202', '202'])
  assert.deepEqual(accepted.map(({ event }) => event.body.toString()).toSorted(), ['', '1', '{}'])
})

test('a stop answers what has arrived and waits for nobody who drips', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const socket = dial().on('error', () => undefined)
  socket.write(head(100) + 'half')
  await once(app.server, 'request')
  let isClosed = false
  const closing = app.close().then(() => (isClosed = true))
  while (!isClosed) {
    await setImmediate()
    t.mock.timers.tick(1_000)
  }
  await closing
  assert.deepEqual(accepted, [])
})
