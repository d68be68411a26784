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

test('what was stopped while connecting or waiting for a connection does not leave later', async (t) => {
  const arrived: string[] = []
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const server = await listen(t, (socket) =>
    onRequests(socket, ({ headers }) => {
      arrived.push(Object.fromEntries(headers)['hub-delivery-id'] ?? '')
      if (arrived.length > 1) socket.write(ok)
      resolve()
    }),
  )
  const target = httpTarget(t, server.url, {}, { concurrency: 1 })
  const deliver = (deliveryId: string, stop: AbortController) =>
    deliverOne(target, sampleDelivery({ deliveryId }), stop.signal)

  const lost = await deliverOne(target, sampleDelivery({ deliveryId: 'lost', mayGo: () => false }))
  assert.equal(lost.result, 'aborted')
  const connecting = new AbortController()
  const cutConnecting = deliver('connecting', connecting)
  connecting.abort()
  assert.equal((await cutConnecting).result, 'aborted')
  const first = new AbortController()
  const inFlight = deliver('in flight', first)
  await asked
  const waiting = new AbortController()
  const cutWaiting = deliver('waiting', waiting)
  waiting.abort()
  assert.equal((await cutWaiting).result, 'aborted')
  first.abort()
  assert.equal((await inFlight).result, 'aborted')
  assert.equal((await deliver('last', new AbortController())).result, 'delivered')
  assert.deepEqual(arrived, ['in flight', 'last'])
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
