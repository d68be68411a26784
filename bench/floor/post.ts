import { createHmac } from 'node:crypto'
import { Pool, type Dispatcher } from 'undici'
import type { FloorEvent } from './event.ts'

/** As many as an integration of the hub has by default. */
export const connections = 16
const key = Buffer.from('bench-bench-bench-bench-')

export type Message = Pick<FloorEvent, 'id' | 'contentType' | 'body'>

export interface Answer {
  readonly startedAtMs: number
  readonly durationMs: number
  /** 0: no answer came. */
  readonly httpStatus: number
}

/** Sends each message as a POST that is signed by the Standard Webhooks specification. */
export function createPost(targetUrl: string): (message: Message, done: (answer: Answer) => void) => void {
  const { origin, pathname } = new URL(targetUrl)
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  return (message, done) => {
    const timestamp = String(Math.floor(Date.now() / 1_000))
    const request: Dispatcher.DispatchOptions = {
      path: pathname,
      method: 'POST',
      headers: [
        ...['webhook-id', message.id, 'webhook-timestamp', timestamp],
        ...['webhook-signature', sign(message, timestamp), 'content-type', message.contentType],
      ],
      body: message.body,
    }
    pool.dispatch(request, new Exchange(message.id, done))
  }
}

function sign({ id, body }: Message, timestamp: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #id: string
  readonly #done: (answer: Answer) => void
  #startedAtMs = Date.now()
  #httpStatus = 0

  constructor(id: string, done: (answer: Answer) => void) {
    this.#id = id
    this.#done = done
  }

  onRequestStart(): void {
    this.#startedAtMs = Date.now()
  }

  onResponseStart(_controller: Dispatcher.DispatchController, httpStatus: number): void {
    this.#httpStatus = httpStatus
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#end(this.#httpStatus)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    console.error(`${this.#id} was not delivered:`, error)
    this.#end(0)
  }

  #end(httpStatus: number): void {
    const startedAtMs = this.#startedAtMs
    this.#done({ startedAtMs, durationMs: Date.now() - startedAtMs, httpStatus })
  }
}
