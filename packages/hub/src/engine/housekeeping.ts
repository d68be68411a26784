import { setTimeout as delay } from 'node:timers/promises'
import type { Telemetry } from './telemetry.ts'

const stopWithinMs = 2_000
/** Longer than any chore needs that does not wait for somebody else, such as a backup that reads what is to be dropped. */
const patienceMs = 60_000

export interface Chore {
  readonly name: string
  readonly everyMs: number
  readonly run: () => Promise<unknown>
}

/**
 * Does what must be done now and then, one chore after another, so that together they never weigh much. One that waits
 * for somebody else holds up no other.
 */
export class Housekeeping {
  readonly #chores: readonly Chore[]
  readonly #telemetry: Telemetry
  readonly #patienceMs: number
  readonly #dueMs = new Map<Chore, number>()
  readonly #atWork = new Map<Chore, Promise<unknown>>()
  #stop = new AbortController()
  #running: Promise<void> | null = null

  constructor(chores: readonly Chore[], telemetry: Telemetry, patience = patienceMs) {
    this.#chores = chores
    this.#telemetry = telemetry
    this.#patienceMs = patience
  }

  start(): void {
    this.#stop = new AbortController()
    this.#running ??= this.#run(this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    // A chore may wait for somebody else's long read; it goes on where it was after the next start.
    const all = Promise.all([this.#running, ...this.#atWork.values()])
    await Promise.race([all, delay(stopWithinMs, undefined, { ref: false })])
    this.#running = null
  }

  /** Does what is due. */
  async tick(nowMs = performance.now()): Promise<void> {
    for (const chore of this.#chores) {
      if (this.#stop.signal.aborted || (this.#dueMs.get(chore) ?? 0) > nowMs) continue
      this.#dueMs.set(chore, nowMs + chore.everyMs)
      if (!this.#atWork.has(chore)) await this.#begin(chore)
    }
  }

  /** Resolves when it is done, or has waited long enough. */
  async #begin(chore: Chore): Promise<void> {
    const done = new AbortController()
    const work = chore
      .run()
      .catch((error: unknown) => this.#telemetry.emit('storeDown', { during: chore.name, error }))
      .finally(() => {
        this.#atWork.delete(chore)
        done.abort()
      })
    this.#atWork.set(chore, work)
    const signal = AbortSignal.any([done.signal, this.#stop.signal])
    await delay(this.#patienceMs, undefined, { signal }).catch(() => undefined)
  }

  async #run(signal: AbortSignal): Promise<void> {
    const pauseMs = Math.min(...this.#chores.map(({ everyMs }) => everyMs))
    while (!signal.aborted) {
      await this.tick()
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
}
