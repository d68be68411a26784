import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Answer } from '../../support/sink.ts'
import type { Trouble } from '../../support/tcp-proxy.ts'
import type { Chosen, Fault } from './stage.ts'

/** So many of the answers are hostile: the others must not suffer for it. */
const hostileShare = 0.1
const head = 'HTTP/1.1 200 OK\r\nconnection: close\r\n'
const bomb = gzipSync(Buffer.alloc(10_000_000))

export const targetFaults: Readonly<Record<string, Fault>> = {
  'a target answers 503': answers({ status: 503 }, 1),
  'a target wants to be left alone': answers({ status: 429, headers: { 'retry-after': '1' } }),
  'a target redirects': answers({ status: 302, headers: { location: 'http://127.0.0.1:1/' } }),
  'a target hangs': answers('hang'),
  'a target cuts the connection': answers('reset'),
  'a target sends garbage': says(false, (socket) => socket.end('\x16\x03\x01 SSH-2.0 \0\xff\r\n\r\n')),
  'a target sends headers without end': says(false, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    flood(socket, `x-filler: ${'z'.repeat(1_000)}\r\n`)
  }),
  'a target sends a body without end': says(true, (socket) => {
    socket.write(`${head}content-length: 999999999999\r\n\r\n`)
    flood(socket, Buffer.alloc(16_384, 'x'))
  }),
  'a target drips its headers': says(false, (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx: ')),
  'a target drips its body': says(true, (socket) => drip(socket, `${head}content-length: 1000000\r\n\r\n`)),
  'a target breaks off within the body': says(true, (socket) =>
    socket.write(`${head}content-length: 10\r\n\r\nhalf`, () => socket.resetAndDestroy()),
  ),
  'a target sends a bomb of gzip': says(true, (socket) => {
    socket.write(`${head}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`)
    socket.end(bomb)
  }),
  'a target sends a body with 204': says(true, (socket) =>
    socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello'),
  ),
  'a target answers twice': says(true, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'.repeat(2)),
  ),
  'connections to a target reset': async ({ toTargets }, { target, random }) => {
    for (let n = 0; n < 5; n++) {
      toTargets.get(target)?.reset()
      await sleep(random.between(10, 500))
    }
  },
  'connections to a target half open': async ({ toTargets }, { target }) => toTargets.get(target)?.halfOpen(),
  'slow network to a target': trouble(({ random }) => ({ kind: 'latency', ms: random.between(5, 200) })),
  'silent network to a target': trouble(() => ({ kind: 'silence' })),
  'partition from a target': trouble(() => ({ kind: 'partition' })),
}

function answers(answer: Answer, share = hostileShare): Fault {
  return async ({ sink }, { target, random }) => {
    sink.behave(target, () => (random.chance(share) ? answer : { status: 200 }))
    await sleep(random.between(500, 2_500))
  }
}

function says(isSuccess: boolean, say: (socket: Socket) => void): Fault {
  return answers({ isSuccess, say })
}

/** Shorter than the hub waits for an answer: what comes late must not come after what was sent later. */
function trouble(what: (chosen: Chosen) => Trouble): Fault {
  return async ({ toTargets }, chosen) => {
    const proxy = toTargets.get(chosen.target)
    proxy?.trouble(what(chosen))
    await sleep(chosen.random.between(500, 2_500))
    proxy?.trouble({ kind: 'none' })
  }
}

/** Writes again and again for as long as the connection stands. */
function flood(socket: Socket, bytes: string | Buffer): void {
  while (!socket.destroyed && socket.write(bytes));
  socket.once('drain', () => flood(socket, bytes))
}

function drip(socket: Socket, first: string): void {
  socket.write(first)
  const timer = setInterval(() => socket.write('x'), 50)
  socket.on('close', () => clearInterval(timer))
}
