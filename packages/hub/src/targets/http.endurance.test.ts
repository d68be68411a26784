import assert from 'node:assert/strict'
import type net from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { deliverOne, httpTarget, listen, onRequests } from './testing.ts'
import type { ObservableTarget } from './target.ts'

const failures: readonly ((socket: net.Socket) => void)[] = [
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end('HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
  (socket) => void socket.write('HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\nno'),
  (socket) => socket.end('nonsense'),
  (socket) => socket.end('HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\nshort'),
  () => {},
]

async function deliverMany(target: ObservableTarget, count: number): Promise<void> {
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1
      const outcome = await deliverOne(target)
      assert.equal(outcome.result, 'failed')
      assert.notEqual(outcome.errorClass, 'internal', outcome.error ?? '')
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

/** Sockets and timers that keep the process alive, but for those of the test runner and the test's own server. */
function held(): number {
  return process.getActiveResourcesInfo().filter((kind) => /TCPSocket|TLS|Timeout|Immediate/.test(kind))
    .length
}

test('2,000 failing deliveries leave no socket and no timer behind', async (t) => {
  let requests = 0
  const server = await listen(t, (socket) =>
    onRequests(socket, () => {
      requests += 1
      failures[requests % failures.length]?.(socket)
    }),
  )
  const before = held()
  const failing = httpTarget(t, server.url, { timeoutMs: 20 })
  await deliverMany(failing, 1_000)
  const refusing = httpTarget(t, 'http://127.0.0.1:1/')
  await deliverMany(refusing, 1_000)
  await Promise.all([failing.close(), refusing.close()])
  // The server closes none of what hangs or is kept: this ends only when the hub's side has let go of all.
  const { promise, resolve } = Promise.withResolvers<void>()
  const poll = (): void => {
    if (server.sockets.size === 0 && held() <= before) resolve()
    else setImmediate(poll)
  }
  poll()
  await promise
})

const piece = fc.oneof(
  fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 503 No\r\n',
    'HTTP/1.0 200 OK\r\n',
    'HTTP/1.1 103 Hints\r\n',
  ),
  fc.constantFrom('content-length: 2\r\n', 'content-length: 0\r\n', 'transfer-encoding: chunked\r\n'),
  fc.constantFrom(
    'connection: close\r\n',
    'connection: upgrade\r\nupgrade: h2c\r\n',
    'keep-alive: timeout=1\r\n',
  ),
  fc.constantFrom('\r\n', '\r\n', 'ok', '2\r\nok\r\n', '0\r\n\r\n', '\n', '\r', 'x: y\r\n'),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const answers = fc.array(piece, { minLength: 1, maxLength: 12 })

test('any bytes at all: an outcome, no crash, no success that was not said, none lent to the next', async (t) => {
  let script: { readonly pieces: readonly string[]; readonly end: boolean } = { pieces: [], end: true }
  let requests = 0
  const server = await listen(t, (socket) =>
    onRequests(socket, () => {
      requests += 1
      if (requests > 1) return void socket.write('HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n')
      for (const bytes of script.pieces) socket.write(bytes)
      if (script.end) socket.end()
    }),
  )
  const property = fc.asyncProperty(answers, fc.boolean(), async (pieces, end) => {
    script = { pieces, end }
    requests = 0
    const target = httpTarget(t, server.url, { timeoutMs: 40 }, { concurrency: 1 })
    const outcome = await deliverOne(target)
    if (outcome.result === 'delivered') assert.match(pieces.join(''), /HTTP\/1\.[01] 2\d\d/)
    else assert.equal(outcome.result, 'failed')
    assert.notEqual(outcome.errorClass, 'internal', outcome.error ?? '')
    const next = await deliverOne(target)
    assert.notEqual(next.result, 'delivered')
    await target.close()
  })
  await fc.assert(property, { numRuns: 150 })
})
