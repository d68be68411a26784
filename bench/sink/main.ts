/** A receiver: answers at once and keeps account of what came. `/fail` answers 500, `/hang` never. */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { nowUs } from '../clock.ts'
import { Ledger } from '../ledger.ts'
import { markEnd, readMark } from '../payload.ts'
import { answerQuestions } from '../worker.ts'

export interface SinkReport {
  readonly count: number
  readonly duplicates: number
  readonly strays: number
  readonly lastUs: number
  /** From the time at which each was to be sent, by number; 0: it did not come. */
  readonly latenciesUs: Uint32Array
}

let ledger = new Ledger(0)
/** While it is down it answers that, and takes nothing. */
let isDown = false

const server = http.createServer((request, response) => {
  let head: Buffer | null = null
  request.on('data', (chunk: Buffer) => {
    if (!head || head.length < markEnd) head = head ? Buffer.concat([head, chunk]) : chunk
  })
  request.on('end', () => answer(request.url ?? '', head, response))
})
server.keepAliveTimeout = 60_000
await once(server.listen(0, '127.0.0.1'), 'listening')

function answer(path: string, head: Buffer | null, response: http.ServerResponse): void {
  if (path === '/hang') return
  if (path === '/fail' || isDown) {
    response.writeHead(isDown ? 503 : 500, ['content-length', '0']).end()
    return
  }
  response.writeHead(200, ['content-length', '0']).end()
  if (head) record(head)
}

function record(head: Buffer): void {
  const { number, scheduledUs } = readMark(head)
  const now = nowUs()
  ledger.record(number, now - scheduledUs, now)
}

const handlers = {
  port: (): number => (server.address() as AddressInfo).port,
  expect: ({ firstNumber }: { readonly firstNumber: number }): void => {
    ledger = new Ledger(firstNumber)
  },
  goDown: (): void => void (isDown = true),
  comeBack: (): void => void (isDown = false),
  count: (): number => ledger.count,
  report: (): SinkReport => {
    const { count, duplicates, strays, lastUs } = ledger
    return { count, duplicates, strays, lastUs, latenciesUs: ledger.latenciesUs() }
  },
}
export type SinkHandlers = typeof handlers
answerQuestions(handlers)
