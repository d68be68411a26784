import { setTimeout as sleep } from 'node:timers/promises'

/** One flush at a time; whatever arrives meanwhile makes the next batch. */
export class GroupCommit<Item> {
  readonly #flush: (batch: readonly Item[]) => Promise<void>
  readonly #minIntervalMs: number
  #pending: Item[] = []
  #running = false

  constructor(minIntervalMs: number, flush: (batch: readonly Item[]) => Promise<void>) {
    this.#minIntervalMs = minIntervalMs
    this.#flush = flush
  }

  add(item: Item): void {
    this.#pending.push(item)
    if (this.#running) return
    this.#running = true
    // What arrives in the same turn of the event loop belongs to the first batch.
    setImmediate(() => void this.#run())
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      const startedAtMs = performance.now()
      const batch = this.#pending
      this.#pending = []
      await this.#flush(batch)
      const restMs = startedAtMs + this.#minIntervalMs - performance.now()
      if (restMs >= 1) await sleep(restMs)
    }
    this.#running = false
  }
}
