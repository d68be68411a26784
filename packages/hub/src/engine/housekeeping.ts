import { setTimeout as delay } from 'node:timers/promises'
import type { Telemetry } from './telemetry.ts'

const stopWithinMs = 2_000

export interface Chore {
  readonly name: string
  readonly everyMs: number
  readonly run: () => Promise<unknown>
}

/** Does what must be done now and then, one chore after another, so that together they never weigh much. */
export class Housekeeping {
  readonly #chores: readonly Chore[]
  readonly #telemetry: Telemetry
  readonly #dueMs = new Map<Chore, number>()
  #stop = new AbortController()
  #running: Promise<void> | null = null

  constructor(chores: readonly Chore[], telemetry: Telemetry) {
    this.#chores = chores
    this.#telemetry = telemetry
  }

  start(): void {
    this.#stop = new AbortController()
    this.#running ??= this.#run(this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    // A chore may wait for somebody else's long read; it goes on where it was after the next start.
    await Promise.race([this.#running, delay(stopWithinMs, undefined, { ref: false })])
    this.#running = null
  }

  /** Does what is due. */
  async tick(nowMs = performance.now()): Promise<void> {
    for (const chore of this.#chores) {
      if (this.#stop.signal.aborted || (this.#dueMs.get(chore) ?? 0) > nowMs) continue
      this.#dueMs.set(chore, nowMs + chore.everyMs)
      await chore
        .run()
        .catch((error: unknown) => this.#telemetry.emit('storeDown', { during: chore.name, error }))
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const pauseMs = Math.min(...this.#chores.map(({ everyMs }) => everyMs))
    while (!signal.aborted) {
      await this.tick()
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
}
