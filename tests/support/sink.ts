import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request that reached a target, in the order of arrival over all targets. */
export interface Arrival {
  /** The name of the target: the first segment of the path. */
  readonly target: string
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
  readonly sha256: string
  /** As it stood; undefined if there was none. */
  readonly contentType: string | undefined
  /** `webhook-id`. */
  readonly eventId: string
  /** `hub-attempt`. */
  readonly attempt: number
  /** When the whole request was there, by `performance.now()`. */
  readonly atMs: number
}

export interface Reply {
  readonly status: number
  readonly headers?: http.OutgoingHttpHeaders
  readonly body?: string | Buffer
  readonly afterMs?: number
}

/** Says something of its own on the connection, which is over then. */
export interface Raw {
  /** Whether a careful reader takes it for a success. */
  readonly isSuccess: boolean
  readonly say: (socket: Socket) => void
}

/** What a target does with a request: `hang` never answers, `reset` cuts the connection. */
export type Answer = Reply | Raw | 'hang' | 'reset'
export type Behaviour = (arrival: Arrival) => Answer
type Listener = (arrival: Arrival, answer: Answer) => void

const ok: Reply = { status: 200 }

/** Whether the target says with it that it has the event. */
export function isTaken(answer: Answer): boolean {
  if (typeof answer === 'string') return false
  return 'say' in answer ? answer.isSuccess : answer.status < 300
}

/** A server that plays all targets: it takes whatever comes, shows it to a listener, and answers as it was told to. */
export class Sink {
  readonly url: string
  readonly #server: http.Server
  readonly #behaviours = new Map<string, Behaviour>()
  readonly #listeners = new Set<Listener>()
  #open = 0

  private constructor(server: http.Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => this.#take(request, response))
  }

  static async start(): Promise<Sink> {
    const server = http.createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 64 * 1024 })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new Sink(server)
  }

  /** Requests that are being received or wait for their answer. */
  get open(): number {
    return this.#open
  }

  urlOf(target: string): string {
    return `${this.url}/${target}`
  }

  /** From now on; a fixed answer or one for each request. */
  behave(target: string, behaviour: Behaviour | Answer): void {
    this.#behaviours.set(target, typeof behaviour === 'function' ? behaviour : () => behaviour)
  }

  /** Calls with each request and the answer that is chosen for it, before that is given. Returns what ends it. */
  onArrival(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Buffer[] = []
    this.#open++
    response.once('close', () => this.#open--)
    request.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const arrival = describe(request, Buffer.concat(chunks))
      const answer = this.#behaviours.get(arrival.target)?.(arrival) ?? ok
      for (const listener of this.#listeners) listener(arrival, answer)
      give(answer, response)
    })
  }
}

function describe(request: http.IncomingMessage, body: Buffer): Arrival {
  const { headers, method = '', url = '' } = request
  return {
    target: url.split(/[/?]/)[1] ?? '',
    method,
    url,
    headers,
    body,
    sha256: createHash('sha256').update(body).digest('hex'),
    contentType: headers['content-type'],
    eventId: String(headers['webhook-id'] ?? ''),
    attempt: Number(headers['hub-attempt']),
    atMs: performance.now(),
  }
}

function give(answer: Answer, response: http.ServerResponse): void {
  if (answer === 'hang') return
  if (answer === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  if ('say' in answer) {
    if (response.socket) answer.say(response.socket)
    return
  }
  const { status, headers = {}, body = '', afterMs = 0 } = answer
  const send = (): void => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body)
  }
  if (afterMs === 0) send()
  else setTimeout(send, afterMs)
}
