import assert from 'node:assert/strict'
import type net from 'node:net'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { answering, deliverOne, httpTarget, listen, ok, onRequests, sampleDelivery } from './testing.ts'
import { sampleEvent } from '../core/event-testing.ts'
import type { Outcome } from '../core/outcome.ts'

const chunkedHead = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

/** What one delivery comes to when the server does this with the connection after it has read the request. */
async function outcomeOf(
  t: TestContext,
  react: (socket: net.Socket) => void,
  target: object = {},
): Promise<Outcome> {
  const server = await listen(t, (socket) => onRequests(socket, () => react(socket)))
  return deliverOne(httpTarget(t, server.url, target))
}

async function outcomeOfAnswer(
  t: TestContext,
  bytes: string | Buffer,
  target: object = {},
): Promise<Outcome> {
  return outcomeOf(t, (socket) => socket.end(bytes), target)
}

function assertFailed(outcome: Outcome, errorClass: string, error: RegExp): void {
  assert.equal(outcome.result, 'failed')
  assert.equal(outcome.errorClass, errorClass, outcome.error ?? '')
  assert.match(outcome.error ?? '', error)
}

/** Writes again and again for as long as the connection stands. */
function flood(socket: net.Socket, bytes: string | Buffer): void {
  while (!socket.destroyed && socket.write(bytes));
  socket.once('drain', () => flood(socket, bytes))
}

test('nobody listens', async (t) => {
  const outcome = await deliverOne(httpTarget(t, 'http://127.0.0.1:1/'))
  assertFailed(outcome, 'refused', /^127\.0\.0\.1:1 refused the connection \(ECONNREFUSED\)\.$/)
})

test('it hangs before it answers', async (t) => {
  const outcome = await outcomeOf(t, () => {}, { timeoutMs: 400 })
  assertFailed(outcome, 'timeout', /did not answer within 400 ms/)
  assert.ok(outcome.durationMs >= 399 && outcome.durationMs < 5_000, String(outcome.durationMs))
  assert.equal(outcome.httpStatus, null)
})

test('it drips its headers', async (t) => {
  const outcome = await outcomeOf(t, (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx: '), { timeoutMs: 200 })
  assertFailed(outcome, 'timeout', /did not answer within 200 ms/)
})

test('it drips its body: the status has decided, the deadline ends the wait', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n'
  const success = await outcomeOf(t, (socket) => drip(socket, answer), { timeoutMs: 200 })
  assert.equal(success.result, 'delivered')
  assert.ok(success.durationMs >= 199 && success.durationMs < 5_000, String(success.durationMs))
  const failure = await outcomeOf(t, (socket) => drip(socket, answer.replace('200', '503')), {
    timeoutMs: 200,
  })
  assertFailed(failure, 'status', /503 Service Unavailable/)
  assert.ok((failure.responseBody?.length ?? 0) > 0)
})

function drip(socket: net.Socket, head: string): void {
  socket.write(head)
  const timer = setInterval(() => socket.write('x'), 10)
  socket.on('close', () => clearInterval(timer))
}

test('an endless body is cut, long before the deadline', async (t) => {
  const server = await listen(t, (socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n')
      flood(socket, Buffer.alloc(65_536, 'x'))
    }),
  )
  const outcome = await deliverOne(httpTarget(t, server.url))
  assert.equal(outcome.result, 'delivered')
  assert.equal(outcome.responseBody?.length, 256)
  await closedAll(server.sockets)
})

test('an endless chunked failure keeps 1 KiB', async (t) => {
  const outcome = await outcomeOf(t, (socket) => {
    socket.write(chunkedHead.replace('200 OK', '500 No'))
    flood(socket, `8000\r\n${'y'.repeat(32_768)}\r\n`)
  })
  assertFailed(outcome, 'status', /500 Internal Server Error/)
  assert.equal(outcome.responseBody?.toString(), 'y'.repeat(1_024))
})

test('headers without end', async (t) => {
  const outcome = await outcomeOf(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    flood(socket, `x-filler: ${'z'.repeat(1_000)}\r\n`)
  })
  assertFailed(outcome, 'protocol', /headers larger than 16 KiB/)
})

test('a flood that the parser swallows without a word is cut', async (t) => {
  for (const [head, filler] of [
    ['', '\r\n'],
    ['HTTP/1.1 200 ', 'a'],
    ['HTTP/1.1 200 OK\r\nx:', ' '],
  ] as const) {
    const outcome = await outcomeOf(t, (socket) => {
      socket.write(head)
      flood(socket, filler.repeat(30_000))
    })
    assertFailed(outcome, 'protocol', /sent more than 1 MiB/)
  }
  const extension = await outcomeOf(t, (socket) => {
    socket.write(`${chunkedHead}1;`)
    flood(socket, 'a'.repeat(60_000))
  })
  assert.equal(extension.result, 'delivered')
  assert.ok(extension.durationMs < 10_000, String(extension.durationMs))
})

test('many answers on one connection are not a flood', async (t) => {
  const body = 'z'.repeat(60_000)
  const server = await answering(t, `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  const target = httpTarget(t, server.url, {}, { concurrency: 1 })
  for (let index = 0; index < 40; index += 1) assert.equal((await deliverOne(target)).result, 'delivered')
  assert.equal(server.connections(), 1)
})

test('a gzip bomb stays packed', async (t) => {
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`
  const outcome = await outcomeOf(t, (socket) => {
    socket.write(head)
    socket.write(bomb)
  })
  assert.equal(outcome.result, 'delivered')
  assert.deepEqual(outcome.responseBody, bomb.subarray(0, 256))
})

test('it closes without an answer, and while answering', async (t) => {
  assertFailed(await outcomeOfAnswer(t, ''), 'reset', /closed the connection before it answered/)
  assertFailed(await outcomeOfAnswer(t, 'HTTP/1.1 200 OK\r\ncontent-le'), 'reset', /closed the connection/)
  assertFailed(await outcomeOf(t, (socket) => socket.resetAndDestroy()), 'reset', /ECONNRESET|UND_ERR_SOCKET/)
})

test('it closes or resets within the body: the status has decided', async (t) => {
  const half = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'
  assert.equal((await outcomeOfAnswer(t, half)).result, 'delivered')
  const reset = await outcomeOf(t, (socket) => {
    socket.write(half, () => socket.resetAndDestroy())
  })
  assert.ok(reset.result === 'delivered' || reset.errorClass === 'reset', reset.error ?? '')
  assertFailed(await outcomeOfAnswer(t, half.replace('200', '500')), 'status', /500/)
})

test('it answers before the request has ended', async (t) => {
  const event = sampleEvent({ body: Buffer.alloc(4_000_000, 'b') })
  for (const [answer, result] of [
    [ok, 'delivered'],
    ['HTTP/1.1 413 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n', 'failed'],
  ] as const) {
    const server = await listen(t, (socket) => socket.write(answer))
    const outcome = await deliverOne(httpTarget(t, server.url), sampleDelivery({ event }))
    assert.equal(outcome.result, result, outcome.error ?? '')
    assert.notEqual(outcome.httpStatus, null)
  }
})

test('informational answers come before the answer', async (t) => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
  const outcome = await outcomeOfAnswer(t, `${hints}${hints}${ok}`)
  assert.equal(outcome.result, 'delivered')
  assert.equal(outcome.httpStatus, 200)
  const endless = await outcomeOf(t, (socket) => flood(socket, hints))
  assertFailed(endless, 'protocol', /no final answer/)
})

test('100 and 101, which nothing asked for, are no success', async (t) => {
  for (const status of ['100 Continue', '101 Switching Protocols']) {
    const upgrade = status.startsWith('101') ? 'connection: upgrade\r\nupgrade: x\r\n' : ''
    const outcome = await outcomeOfAnswer(t, `HTTP/1.1 ${status}\r\n${upgrade}\r\n`)
    assert.equal(outcome.result, 'failed', status)
    assert.equal(outcome.errorClass, 'protocol', outcome.error ?? '')
  }
})

test('what is not HTTP', async (t) => {
  for (const bytes of [
    'SSH-2.0-OpenSSH_9.9\r\n',
    '\x16\x03\x01\x02\x00\x01\x00',
    'HTTP/9.9 200 OK\r\n\r\n',
    'HTTP/1.1 2x0 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
    'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nok',
    'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nok',
  ])
    assertFailed(await outcomeOfAnswer(t, bytes), 'protocol', /not valid HTTP|wrong content-length/)
})

test('old and sparse but valid answers', async (t) => {
  for (const bytes of [
    'HTTP/1.0 200 OK\r\n\r\nuntil the end',
    'HTTP/1.1 200 OK\r\n\r\nuntil the end',
    'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n\r\n',
  ]) {
    const outcome = await outcomeOfAnswer(t, bytes)
    assert.equal(outcome.result, 'delivered', JSON.stringify(bytes))
    assert.equal(outcome.responseBody?.toString() ?? 'until the end', 'until the end')
  }
})

test('a malformed body does not undo the status', async (t) => {
  for (const body of ['zz\r\n', '5\r\nok', '-1\r\n\r\n', '2\r\nokX\r\n0\r\n\r\n', 'ffffffffffffffffff\r\n']) {
    const outcome = await outcomeOfAnswer(t, chunkedHead + body)
    assert.equal(outcome.result, 'delivered', JSON.stringify(body))
    assert.equal(outcome.httpStatus, 200)
  }
})

async function closedAll(sockets: ReadonlySet<net.Socket>): Promise<void> {
  for (const socket of sockets) {
    if (socket.destroyed) continue
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.once('close', resolve)
    await promise
  }
}

test('a second answer is not taken for that of the next delivery', async (t) => {
  let requests = 0
  const server = await listen(t, (socket) =>
    onRequests(socket, () => {
      requests += 1
      const planted = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'
      socket.write(
        requests === 1 ? `${ok}${planted}${planted}` : 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n',
      )
    }),
  )
  const target = httpTarget(t, server.url, {}, { concurrency: 1 })
  assert.equal((await deliverOne(target)).httpStatus, 200)
  assert.equal((await deliverOne(target)).httpStatus, 500)
  assert.equal(server.connections(), 2)
})

test('bytes that come while a connection is idle do not answer the next delivery', async (t) => {
  const planted = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'
  let requests = 0
  const server = await listen(t, (socket) =>
    onRequests(socket, () => {
      requests += 1
      socket.write(requests === 1 ? ok : 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n')
    }),
  )
  const target = httpTarget(t, server.url, {}, { concurrency: 1 })
  assert.equal((await deliverOne(target)).httpStatus, 200)
  const [idle] = server.sockets
  assert.ok(idle)
  const { promise, resolve } = Promise.withResolvers<void>()
  idle.write(planted, () => resolve())
  await promise
  assert.equal((await deliverOne(target)).httpStatus, 500)
  assert.equal(server.connections(), 2)
})

test('a connection that the target closed while idle is replaced', async (t) => {
  const server = await answering(t, ok)
  const target = httpTarget(t, server.url, {}, { concurrency: 1 })
  for (const round of [1, 2, 3]) {
    assert.equal((await deliverOne(target)).result, 'delivered', `round ${round}`)
    const [idle] = server.sockets
    const { promise, resolve } = Promise.withResolvers<void>()
    idle?.once('close', resolve).end()
    await promise
  }
  assert.equal(server.connections(), 3)
})
