import { once } from 'node:events'
import net from 'node:net'

/** What a network does to those who rely on it. */
export type Trouble =
  | { readonly kind: 'none' }
  | { readonly kind: 'latency'; readonly ms: number }
  /** Nothing passes and nobody is told. */
  | { readonly kind: 'silence' }
  /** New connections are refused, old ones are reset. */
  | { readonly kind: 'partition' }
  /** The next message with COMMIT in it arrives, and its answer does not. */
  | { readonly kind: 'cut in commit' }

/** Until what was slow has passed. */
const longestMs = 200

interface Pair {
  readonly client: net.Socket
  readonly server: net.Socket
}

/** Stands between one node and a server, and is the bad network of both. */
export class TcpProxy {
  readonly port: number
  readonly #server: net.Server
  readonly #pairs = new Set<Pair>()
  readonly #halfOpen = new Set<net.Socket>()
  #trouble: Trouble = { kind: 'none' }
  #asked = 0

  private constructor(server: net.Server, targetPort: number) {
    this.#server = server
    this.port = (server.address() as net.AddressInfo).port
    server.on('connection', (client) => this.#connect(client, targetPort))
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, targetPort)
  }

  /** How many messages have come from clients, as they were sent: a burst of statements is one. */
  get asked(): number {
    return this.#asked
  }

  /** From now on, for old connections too. */
  trouble(trouble: Trouble): void {
    this.#trouble = trouble
    if (trouble.kind === 'partition') this.reset()
    // What was held back comes late, as after a network that healed.
    const isSilent = trouble.kind === 'silence'
    for (const { client, server } of this.#pairs) {
      for (const socket of [client, server]) {
        if (isSilent) socket.pause()
        else socket.resume()
      }
    }
  }

  reset(): void {
    for (const pair of this.#pairs) this.#cut(pair)
  }

  /** The server's side of each connection is gone, and the client is not told. */
  halfOpen(): void {
    for (const pair of this.#pairs) {
      this.#pairs.delete(pair)
      this.#halfOpen.add(pair.client)
      pair.client.once('close', () => this.#halfOpen.delete(pair.client))
      pair.server.destroy()
    }
  }

  async stop(): Promise<void> {
    this.reset()
    for (const client of this.#halfOpen) client.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connect(client: net.Socket, targetPort: number): void {
    if (this.#trouble.kind === 'partition') {
      client.on('error', () => undefined)
      client.resetAndDestroy()
      return
    }
    const server = net.connect(targetPort, '127.0.0.1')
    const pair = { client, server }
    this.#pairs.add(pair)
    this.#forward(pair, client, server, (bytes) => {
      this.#asked++
      this.#mayCut(pair, bytes)
    })
    this.#forward(pair, server, client, () => undefined)
    if (this.#trouble.kind === 'silence') client.pause()
  }

  #forward(pair: Pair, from: net.Socket, to: net.Socket, seen: (bytes: Buffer) => void): void {
    from.setNoDelay()
    from.on('error', () => this.#cut(pair))
    from.on('close', () => this.#cut(pair))
    // What comes after slow bytes does not overtake them, whatever the trouble is by then.
    const waiting: (() => void)[] = []
    const inTurn = (pass: () => void): void => {
      if (this.#trouble.kind !== 'latency' && waiting.length === 0) return pass()
      waiting.push(pass)
      setTimeout(() => waiting.shift()?.(), this.#trouble.kind === 'latency' ? this.#trouble.ms : longestMs)
    }
    from.on('end', () => inTurn(() => to.end()))
    from.on('data', (bytes: Buffer) =>
      inTurn(() => {
        if (!to.destroyed) to.write(bytes)
        seen(bytes)
      }),
    )
  }

  #mayCut(pair: Pair, bytes: Buffer): void {
    if (this.#trouble.kind !== 'cut in commit' || !bytes.toString('latin1').endsWith('commit\0')) return
    this.#trouble = { kind: 'none' }
    // The server has it on its way; its answer finds nobody.
    pair.client.resetAndDestroy()
    pair.server.end()
  }

  #cut(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return
    pair.client.destroy()
    pair.server.destroy()
  }
}
