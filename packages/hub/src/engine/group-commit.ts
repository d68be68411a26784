import { performance } from 'node:perf_hooks'

export interface GroupCommitOptions<T> {
  /**
   * Commits a batch and tells everyone concerned; never rejects. While it commits it may take what is to be flushed
   * next, so as to begin with that at once; null: nothing waits.
   */
  readonly flush: (batch: readonly T[], takeNext: () => readonly T[] | null) => Promise<void>
  readonly weigh: (item: T) => { readonly count: number; readonly bytes: number }
  readonly maxCount: number
  readonly maxBytes: number
  /** At least this long between the beginnings of two flushes, so that batches grow under load. */
  readonly minIntervalMs: number
}

/** One flush at a time; whatever arrives meanwhile makes the next batch. */
export class GroupCommit<T> {
  readonly #options: GroupCommitOptions<T>
  #pending: T[] = []
  #count = 0
  #bytes = 0
  #running = false
  /** What the flush under way has taken as the next. */
  #next: readonly T[] | null = null
  #lastStartMs = -Infinity
  #idle: PromiseWithResolvers<void> | null = null

  constructor(options: GroupCommitOptions<T>) {
    this.#options = options
  }

  get pendingCount(): number {
    return this.#count
  }

  get pendingBytes(): number {
    return this.#bytes
  }

  add(item: T): void {
    const { count, bytes } = this.#options.weigh(item)
    this.#pending.push(item)
    this.#count += count
    this.#bytes += bytes
    if (this.#running) return
    this.#running = true
    void this.#run()
  }

  /** When all that was added is flushed. */
  idle(): Promise<void> {
    if (!this.#running) return Promise.resolve()
    this.#idle ??= Promise.withResolvers<void>()
    return this.#idle.promise
  }

  async #run(): Promise<void> {
    // What arrives in the same turn of the event loop belongs to the first batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#next || this.#pending.length > 0) {
      const waitMs = this.#lastStartMs + this.#options.minIntervalMs - performance.now()
      if (waitMs > 0 && !this.#next && this.#count < this.#options.maxCount) {
        await new Promise((resolve) => setTimeout(resolve, waitMs))
      }
      this.#lastStartMs = performance.now()
      const batch = this.#next ?? this.#takeBatch()
      this.#next = null
      await this.#options.flush(batch, () => this.#takeNext())
    }
    this.#running = false
    this.#idle?.resolve()
    this.#idle = null
  }

  #takeNext(): readonly T[] | null {
    if (!this.#next && this.#pending.length > 0) this.#next = this.#takeBatch()
    return this.#next
  }

  /** At least one item, however large. */
  #takeBatch(): readonly T[] {
    const { maxCount, maxBytes, weigh } = this.#options
    let taken = 0
    let count = 0
    let bytes = 0
    for (const item of this.#pending) {
      const weight = weigh(item)
      if (taken > 0 && (count + weight.count > maxCount || bytes + weight.bytes > maxBytes)) break
      taken++
      count += weight.count
      bytes += weight.bytes
    }
    this.#count -= count
    this.#bytes -= bytes
    return this.#pending.splice(0, taken)
  }
}
