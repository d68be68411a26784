import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { shutdownSteps } from './orphan.ts'

/** How many of the last lines are kept to explain an end. */
const keptLines = 20

/** One run of the server, from its start to its end. */
export class Postmaster {
  readonly pid: number
  /** Whether it came up; false if it ended before. */
  readonly ready: Promise<boolean>
  /** Resolves with its last lines when the process has ended. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #killWithHub = (): void => void this.#child.kill('SIGINT')

  constructor(child: ChildProcess, log: Logger) {
    this.#child = child
    this.pid = child.pid ?? 0
    const lines: string[] = []
    const ready = Promise.withResolvers<boolean>()
    this.ready = ready.promise
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => lines.push(`FATAL: ${error.message}`))
      child.once('close', () => {
        process.off('exit', this.#killWithHub)
        ready.resolve(false)
        resolve(lines.join('\n'))
      })
    })
    // For a hub that ends in a hurry, where the system doesn't end its server with it.
    process.on('exit', this.#killWithHub)
    if (!child.stderr) return
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line)
      if (lines.length > keptLines) lines.shift()
      const serious = /^(FATAL|PANIC): /.test(line)
      log[serious ? 'warn' : 'debug']({ postgresPid: this.pid }, line)
      if (line.includes('database system is ready to accept connections')) ready.resolve(true)
    })
  }

  /** Lets the process of the hub end although the server runs. */
  unref(): void {
    this.#child.unref()
    for (const stream of [this.#child.stdout, this.#child.stderr])
      (stream as { unref?(): void } | null)?.unref?.()
  }

  async stop(): Promise<void> {
    this.#child.ref()
    for (const { signal, graceMs } of shutdownSteps) {
      this.#child.kill(signal)
      const cancel = new AbortController()
      const over = await Promise.race([
        this.ended.then(() => true),
        sleep(graceMs, false, { signal: cancel.signal }).catch(() => false),
      ])
      cancel.abort()
      if (over) return
    }
  }
}
