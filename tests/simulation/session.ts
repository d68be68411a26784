import net from 'node:net'
import { Duplex } from 'node:stream'
import type { Postgres } from './postgres.ts'
import { realDelay, time } from './virtual-time.ts'
import { Answered, Asked } from './wire.ts'

export type Fate = 'goes through' | 'is lost before' | 'is lost after'

/** An answer that takes longer may wait for a lock. */
const lookAfterMs = 4

/** Something that a node asked of its database, and that has not begun. */
export interface Operation {
  readonly owner: string
  readonly label: string
  readonly isCommit: boolean
  /** Resolves when the server has answered, or when it waits for somebody else's lock (`false`). */
  run(fate: Fate): Promise<boolean>
  /** For one that waits for a lock. */
  isDone(): Promise<boolean>
}

/**
 * A connection to PostgreSQL as `pg` sees it, whose messages go to the server only when the schedule lets them, and
 * whose answers come back whole.
 */
export class Session extends Duplex {
  readonly owner: string
  readonly #number: number
  readonly #postgres: Postgres
  readonly #offer: (operation: Operation) => void
  readonly #asked = new Asked()
  readonly #answered = new Answered()
  #socket: net.Socket | null = null
  #outgoing: Buffer[] = []
  #incoming: Buffer[] = []
  #heard: () => void = () => undefined
  #authenticated: () => void = () => undefined
  #isAuthenticated = false
  #isOffered = false
  #hasEnded = false
  #isCut = false
  #isDead = false

  constructor(owner: string, number: number, postgres: Postgres, offer: (operation: Operation) => void) {
    super({ allowHalfOpen: false })
    this.owner = owner
    this.#number = number
    this.#postgres = postgres
    this.#offer = offer
  }

  connect(portOrPath: number | string, host?: string): void {
    this.#offer({
      owner: this.owner,
      label: `connect ${this.#number}`,
      isCommit: false,
      run: async (fate) => {
        // Whoever wanted it has given up.
        if (this.destroyed) return true
        if (fate !== 'goes through') return this.#break('it refused')
        const socket =
          typeof portOrPath === 'string' ? net.connect(portOrPath) : net.connect(portOrPath, host)
        this.#socket = socket
        socket.on('data', (bytes: Buffer) => {
          this.#answered.take(bytes)
          this.#incoming.push(bytes)
          if (!this.#isAuthenticated) this.#authenticate()
          this.#heard()
        })
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.#hasEnded = true
          if (!this.#isAuthenticated) this.#authenticated()
          this.#heard()
        })
        socket.once('connect', () => time.within(this.owner, () => this.emit('connect')))
        // The whole of it is one step: `pg` reckons with a password in another thread.
        await new Promise((resolve) => (this.#authenticated = () => resolve(null)))
        return true
      },
      isDone: () => Promise.resolve(true),
    })
  }

  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#send([chunk])
    done()
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#send(chunks.map(({ chunk }) => chunk))
    done()
  }

  override _read(): void {}

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket?.destroy()
    done(error)
  }

  /** The process is gone: nobody hears of anything any more. */
  async die(): Promise<void> {
    this.#isDead = true
    await this.#cut()
  }

  #authenticate(): void {
    this.#isAuthenticated = this.#answered.readies > 0
    this.#handOn()
    if (this.#isAuthenticated) this.#authenticated()
  }

  #send(chunks: readonly Buffer[]): void {
    if (!this.#isAuthenticated) {
      for (const bytes of chunks) this.#socket?.write(bytes)
      return
    }
    this.#outgoing.push(...chunks)
    if (this.#isOffered) return
    this.#isOffered = true
    this.#offer(this.#operation())
  }

  #operation(): Operation {
    const outgoing = this.#outgoing
    return {
      owner: this.owner,
      label: `ask ${this.#number}`,
      get isCommit() {
        return outgoing.some((bytes) => bytes.includes('commit'))
      },
      run: async (fate) => {
        this.#isOffered = false
        this.#outgoing = []
        if (this.destroyed || this.#isCut) return true
        if (fate === 'is lost before') return this.#break('it was cut')
        for (const bytes of outgoing) {
          this.#asked.take(bytes)
          this.#socket?.write(bytes)
        }
        const isDone = await this.#answer()
        if (fate === 'is lost after') return this.#break('it was cut after the server had it')
        return isDone && this.#handOn()
      },
      isDone: async () => this.destroyed || this.#isCut || ((await this.#answer()) && this.#handOn()),
    }
  }

  /** True when the answer is there; false when it waits for a lock. */
  async #answer(): Promise<boolean> {
    while (!this.#isAnswered()) {
      const heard = new Promise<'heard'>((resolve) => (this.#heard = () => resolve('heard')))
      const isLate = (await Promise.race([heard, realDelay(lookAfterMs)])) !== 'heard'
      if (isLate && (await this.#postgres.waitsForLock(this.#answered.pid))) return this.#isAnswered()
    }
    return true
  }

  #isAnswered(): boolean {
    const { readies, copies } = this.#answered
    // The first one ended the authentication.
    return this.#hasEnded || readies > this.#asked.readies || copies > this.#asked.copiesDone
  }

  #handOn(): boolean {
    if (this.#isDead) return true
    time.within(this.owner, () => {
      for (const bytes of this.#incoming.splice(0)) this.push(bytes)
      if (this.#hasEnded) this.push(null)
    })
    return true
  }

  async #break(why: string): Promise<boolean> {
    await this.#cut()
    if (!this.#isDead)
      this.destroy(Object.assign(new Error(`the connection broke: ${why}`), { code: 'ECONNRESET' }))
    return true
  }

  async #cut(): Promise<void> {
    this.#isCut = true
    this.#socket?.destroy()
    // Otherwise its locks would go at some moment, and no two runs of a schedule would be alike.
    if (this.#answered.pid !== 0) await this.#postgres.endBackend(this.#answered.pid)
  }
}
