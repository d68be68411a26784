import { createHmac } from 'node:crypto'
import { Pool, type Dispatcher } from 'undici'
import type { FloorEvent } from './event.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Attempt } from './outcomes.ts'

/** As many as an integration of the hub has by default. */
const connections = 16
const key = Buffer.from('bench-bench-bench-bench-')

/** A signed POST of each event, by the Standard Webhooks specification. */
export function createDelivery(
  targetUrl: string,
  outcomes: GroupCommit<Attempt>,
): (event: FloorEvent) => void {
  const { origin, pathname } = new URL(targetUrl)
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  return (event) => {
    const timestamp = String(Math.floor(Date.now() / 1_000))
    const request: Dispatcher.DispatchOptions = {
      path: pathname,
      method: 'POST',
      headers: [
        ...['webhook-id', event.id, 'webhook-timestamp', timestamp],
        ...['webhook-signature', sign(event, timestamp), 'content-type', event.contentType],
      ],
      body: event.body,
    }
    pool.dispatch(request, new Exchange(event, outcomes))
  }
}

function sign({ id, body }: FloorEvent, timestamp: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #event: FloorEvent
  readonly #outcomes: GroupCommit<Attempt>
  #startedAtMs = Date.now()
  #httpStatus = 0

  constructor(event: FloorEvent, outcomes: GroupCommit<Attempt>) {
    this.#event = event
    this.#outcomes = outcomes
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
    console.error(`${this.#event.id} was not delivered:`, error)
    this.#end(0)
  }

  #end(httpStatus: number): void {
    const durationMs = Date.now() - this.#startedAtMs
    this.#outcomes.add({ event: this.#event, startedAtMs: this.#startedAtMs, durationMs, httpStatus })
  }
}
