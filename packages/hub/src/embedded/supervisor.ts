import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { startFailure } from './failure.ts'
import { clearOrphan } from './orphan.ts'
import { Postmaster } from './postmaster.ts'

const firstRestartDelayMs = 100
const longestRestartDelayMs = 5_000
/** A server that was killed leaves children that hold its shared memory until they notice. */
const attemptsWhileHeld = 20
const heldRetryMs = 500

export interface SupervisorOptions {
  readonly dataDir: string
  readonly clusterDir: string
  readonly log: Logger
  /** Starts the process of a server. */
  spawn(): ChildProcess
}

/** Keeps one server running: starts it, starts it again whenever it ends by itself, and stops it. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #stopping = new AbortController()
  readonly #exitListeners: ((reason: string) => void)[] = []
  #current: Postmaster | null = null
  #watching = Promise.resolve()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  get pid(): number | null {
    return this.#current?.pid ?? null
  }

  onExit(listener: (reason: string) => void): void {
    this.#exitListeners.push(listener)
  }

  async start(signal: AbortSignal): Promise<void> {
    const first = await this.#bringUp(signal)
    this.#watching = this.#watch(first)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#current?.stop()
    await this.#watching
  }

  async #watch(first: Postmaster): Promise<void> {
    for (let server: Postmaster | null = first; server; server = await this.#restart()) {
      this.#current = server
      const reason = await server.ended
      this.#current = null
      if (this.#stopping.signal.aborted) return
      this.#options.log.error(
        { postgresPid: server.pid, reason },
        'The embedded PostgreSQL ended; starting it again',
      )
      for (const listener of this.#exitListeners) listener(reason)
    }
  }

  async #restart(): Promise<Postmaster | null> {
    const { signal } = this.#stopping
    for (let delayMs = firstRestartDelayMs; ; delayMs = Math.min(delayMs * 2, longestRestartDelayMs)) {
      try {
        await sleep(delayMs, undefined, { signal })
        const server = await this.#bringUp(signal)
        this.#options.log.info({ postgresPid: server.pid }, 'The embedded PostgreSQL runs again')
        return server
      } catch (error) {
        if (signal.aborted) return null
        this.#options.log.error(
          { reason: (error as Error).message },
          'The embedded PostgreSQL does not start',
        )
      }
    }
  }

  async #bringUp(signal: AbortSignal): Promise<Postmaster> {
    const { clusterDir, dataDir, log } = this.#options
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      await clearOrphan(clusterDir)
      const server = new Postmaster(this.#options.spawn(), log)
      const giveUp = (): void => void server.stop()
      signal.addEventListener('abort', giveUp)
      const isUp = await server.ready
      signal.removeEventListener('abort', giveUp)
      if (isUp && !signal.aborted) {
        server.unref()
        return server
      }
      const output = await server.ended
      signal.throwIfAborted()
      if (!isHeld(output) || attempt === attemptsWhileHeld) throw startFailure(dataDir, output)
      await sleep(heldRetryMs)
    }
  }
}

function isHeld(output: string): boolean {
  return /pre-existing shared memory block|lock file ".*" already exists/.test(output)
}
