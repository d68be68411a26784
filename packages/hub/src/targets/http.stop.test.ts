import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { targetSuite } from './target.testsuite.ts'
import { deliverOne, httpTarget, listen, ok, onRequests, sampleDelivery } from './testing.ts'

targetSuite('http', async (t) => {
  const arrived: string[] = []
  const server = await listen(t, (socket) =>
    onRequests(socket, ({ headers }) => {
      arrived.push(Object.fromEntries(headers)['hub-delivery-id'] ?? '')
      socket.write(ok)
    }),
  )
  return { target: httpTarget(t, server.url), arrived: () => arrived }
})

/** A server that never answers, and tells when a request has come. */
async function listenInSilence(t: TestContext) {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  let requests = 0
  const server = await listen(t, (socket) =>
    onRequests(socket, () => {
      requests += 1
      resolve()
    }),
  )
  return { ...server, asked, requests: () => requests }
}

test('a stop while the target thinks cuts the attempt off at once', async (t) => {
  const server = await listenInSilence(t)
  const stop = new AbortController()
  const cut = deliverOne(httpTarget(t, server.url), sampleDelivery(), stop.signal)
  await server.asked
  stop.abort()
  const outcome = await cut
  assert.equal(outcome.result, 'aborted')
  assert.equal(outcome.errorClass, 'aborted')
  assert.match(outcome.error ?? '', /stopped before 127\.0\.0\.1:\d+ had answered/)
  assert.ok(outcome.durationMs < 10_000)
})

test('a stop while connecting, and while waiting for a connection: nothing leaves later', async (t) => {
  const server = await listenInSilence(t)
  const target = httpTarget(t, server.url, { timeoutMs: 60_000 }, { concurrency: 1 })
  const first = new AbortController()
  const second = new AbortController()
  const inFlight = deliverOne(target, sampleDelivery({ deliveryId: 'first' }), first.signal)
  const waiting = deliverOne(target, sampleDelivery({ deliveryId: 'second' }), second.signal)
  second.abort()
  assert.equal((await waiting).result, 'aborted')
  await server.asked
  first.abort()
  assert.equal((await inFlight).result, 'aborted')
  const connecting = new AbortController()
  const third = deliverOne(target, sampleDelivery({ deliveryId: 'third' }), connecting.signal)
  connecting.abort()
  assert.equal((await third).result, 'aborted')
  await target.close()
  assert.equal(server.requests(), 1)
})

test('a delivery that waits for a connection has its deadline as well', async (t) => {
  const server = await listenInSilence(t)
  const target = httpTarget(t, server.url, { timeoutMs: 150 }, { concurrency: 1 })
  const outcomes = await Promise.all([deliverOne(target), deliverOne(target)])
  for (const { errorClass, durationMs } of outcomes) {
    assert.equal(errorClass, 'timeout')
    assert.ok(durationMs < 5_000)
  }
})

test('closing lets what is in flight end, then leaves no connection', async (t) => {
  let answer = (): void => {}
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const server = await listen(t, (socket) =>
    onRequests(socket, () => {
      answer = () => void socket.write(ok)
      resolve()
    }),
  )
  const target = httpTarget(t, server.url)
  const inFlight = deliverOne(target)
  await asked
  const [socket] = server.sockets
  const { promise: gone, resolve: onGone } = Promise.withResolvers<void>()
  socket?.on('close', onGone)
  const closed = target.close()
  assert.equal((await deliverOne(target)).result, 'aborted')
  answer()
  assert.equal((await inFlight).result, 'delivered')
  await closed
  await gone
})
