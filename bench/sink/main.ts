/** A receiver: answers at once and keeps account of what came. `/gate` answers 503 while it is closed, `/hang` never. */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Arrivals, type ArrivalTimes } from '../arrivals.ts'
import { nowUs } from '../clock.ts'
import { Ledger } from '../ledger.ts'
import { markEnd, readMark } from '../payload.ts'
import { answerQuestions } from '../worker.ts'

export interface SinkReport {
  readonly count: number
  readonly duplicates: number
  readonly strays: number
  readonly lastUs: number
  readonly arrivals: ArrivalTimes
  /** From the time at which each was to be sent, by number; 0: it did not come. */
  readonly latenciesUs: Uint32Array
}

let ledger = new Ledger(0)
let arrivals = new Arrivals()
/** While it is down it answers that, and takes nothing. */
let isDown = false
let isGateOpen = false

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
  if (isDown || (path === '/gate' && !isGateOpen)) {
    response.writeHead(503, ['content-length', '0']).end()
    return
  }
  response.writeHead(200, ['content-length', '0']).end()
  if (head) record(head)
}

function record(head: Buffer): void {
  const { number, scheduledUs } = readMark(head)
  const now = nowUs()
  ledger.record(number, now - scheduledUs, now)
  arrivals.add(now)
}

const handlers = {
  port: (): number => (server.address() as AddressInfo).port,
  expect: ({ firstNumber }: { readonly firstNumber: number }): void => {
    ledger = new Ledger(firstNumber)
    arrivals = new Arrivals()
  },
  gate: ({ isOpen }: { readonly isOpen: boolean }): void => {
    isGateOpen = isOpen
  },
  goDown: (): void => void (isDown = true),
  comeBack: (): void => void (isDown = false),
  count: (): number => ledger.count,
  report: (): SinkReport => {
    const { count, duplicates, strays, lastUs } = ledger
    return {
      count,
      duplicates,
      strays,
      lastUs,
      arrivals: arrivals.times(),
      latenciesUs: ledger.latenciesUs(),
    }
  },
}
export type SinkHandlers = typeof handlers
answerQuestions(handlers)
