import net from 'node:net'

/**
 * A connection that has one request under way at a time. A bare socket and no more parsing than an answer needs: the
 * generator shares the machine with what it measures.
 */
export class Connection {
  readonly #socket: net.Socket
  #answered: ((status: number) => void) | null = null
  #unread = ''

  private constructor(port: number, host: string) {
    const onread = {
      buffer: Buffer.allocUnsafe(64 * 1024),
      callback: (bytes: number, buffer: Uint8Array) => {
        this.#read((buffer as Buffer).toString('latin1', 0, bytes))
        return true
      },
    }
    this.#socket = net.connect({ port, host, noDelay: true, onread })
    this.#socket.on('error', () => this.#end(0))
    this.#socket.on('close', () => this.#end(0))
  }

  static open(url: string): Promise<Connection> {
    const { port, hostname } = new URL(url)
    const connection = new Connection(Number(port), hostname)
    return new Promise((resolve, reject) => {
      connection.#socket.once('connect', () => resolve(connection))
      connection.#socket.once('error', reject)
    })
  }

  /** Gives the status of the answer; 0 if the connection broke. Until then the buffer is in use. */
  send(request: Buffer, answered: (status: number) => void): void {
    if (this.#socket.destroyed) {
      queueMicrotask(() => answered(0))
      return
    }
    this.#answered = answered
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#unread = this.#unread === '' ? text : this.#unread + text
    const headEnd = this.#unread.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const bodyBytes = /\r\ncontent-length: *(\d+)/i.exec(this.#unread.slice(0, headEnd))?.[1]
    if (bodyBytes === undefined) throw new Error(`an answer without content-length: ${this.#unread}`)
    if (this.#unread.length < headEnd + 4 + Number(bodyBytes)) return
    const status = Number(this.#unread.slice(9, 12))
    this.#unread = ''
    this.#end(status)
  }

  #end(status: number): void {
    const answered = this.#answered
    this.#answered = null
    answered?.(status)
  }
}
