import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { Problem } from '../core/problems.ts'
import { BodyBudget, drainBody, readBody, type BodyRules } from './body.ts'

let server: Server

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function incoming(): Promise<{ message: IncomingMessage; client: ReturnType<typeof request> }> {
  const { port } = server.address() as AddressInfo
  const client = request({ port, host: '127.0.0.1', method: 'POST' }).on('error', () => undefined)
  client.flushHeaders()
  const [message] = (await once(server, 'request')) as [IncomingMessage]
  return { message, client }
}

function read(message: IncomingMessage, rules: BodyRules): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    readBody(message, rules, (error, body) => (body ? resolve(body) : reject(error ?? new Error('nothing'))))
  })
}

test('a body is read whole and stays in the budget until it is given back', async () => {
  const budget = new BodyBudget(10)
  const { message, client } = await incoming()
  const body = read(message, { budget, limitBytes: 10, remedy: 'Send less.' })
  client.write('12345')
  client.end('678')
  assert.equal((await body).toString(), '12345678')
  assert.equal(budget.take(3), false)
  budget.giveBack(8)
  assert.equal(budget.take(10), true)
})

test('a body without a length is refused once it is too large, and leaves the budget', async () => {
  const budget = new BodyBudget(100)
  const { message, client } = await incoming()
  const body = read(message, { budget, limitBytes: 10, remedy: 'Send less.' })
  client.end('x'.repeat(11))
  await assert.rejects(
    body,
    (error: unknown) =>
      error instanceof Problem &&
      error.code === 'payload_too_large' &&
      error.detail === 'The body may have at most 10 bytes. Send less.',
  )
  assert.equal(budget.take(100), true)
})

test('bodies that do not fit beside the others are asked to come again', async () => {
  const budget = new BodyBudget(10)
  budget.take(8)
  const { message, client } = await incoming()
  const body = read(message, { budget, limitBytes: 10, remedy: 'Send less.' })
  client.end('123')
  await assert.rejects(body, (error: unknown) => error instanceof Problem && error.code === 'overloaded')
  assert.equal(budget.take(2), true)
})

test('a body that breaks off leaves the budget', async () => {
  const budget = new BodyBudget(10)
  const { message, client } = await incoming()
  const body = read(message, { budget, limitBytes: 10, remedy: 'Send less.' })
  client.write('123')
  await once(message, 'data')
  client.destroy()
  await assert.rejects(body, { code: 'ECONNRESET' })
  assert.equal(budget.take(10), true)
})

test('what is left of a body is drained, within bounds', async () => {
  const whole = await incoming()
  whole.client.end('x'.repeat(1_000))
  assert.equal(await drainBody(whole.message), true)
  assert.equal(await drainBody(whole.message), true)

  const endless = await incoming()
  endless.client.write('x'.repeat(1_000))
  assert.equal(await drainBody(endless.message, { maxBytes: 999, maxMs: 60_000 }), false)

  const slow = await incoming()
  assert.equal(await drainBody(slow.message, { maxBytes: 999, maxMs: 1 }), false)

  const gone = await incoming()
  const drained = drainBody(gone.message)
  gone.client.destroy()
  assert.equal(await drained, false)
})
