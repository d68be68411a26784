import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

export interface Reply {
  readonly status: number
  readonly body?: string
}

/** What an application does with a request: `silence` answers nothing and waits, `hang up` cuts the connection. */
export type Handling = Reply | 'silence' | 'hang up'

/** An HTTP server that can be switched off and on again, at the same address. */
export class Application {
  /** Every request that it got, in order. */
  readonly received: Received[] = []
  readonly #handle: (request: Received) => Handling | Promise<Handling>
  #server: http.Server | null = null
  #port = 0

  constructor(handle: (request: Received) => Handling | Promise<Handling>) {
    this.#handle = handle
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async switchOn(): Promise<void> {
    const server = http.createServer((request, response) => void this.#take(request, response))
    this.#server = server
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
  }

  async switchOff(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    try {
      const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
      const { method = '', url = '', headers } = request
      const received = { method, path: url, headers, body }
      this.received.push(received)
      const handling = await this.#handle(received)
      if (handling === 'hang up') response.destroy()
      else if (handling !== 'silence')
        response.writeHead(handling.status, { 'content-type': 'application/json' }).end(handling.body ?? '{}')
    } catch {
      // Whoever asked is gone, or it was switched off meanwhile.
      response.destroy()
    }
  }
}
