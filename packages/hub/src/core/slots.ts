/**
 * How many of an integration's slots retries may have: a quarter is kept for first attempts, so that events that hang
 * again and again never take all of them.
 */
export function retrySlots(concurrency: number): number {
  return concurrency === 1 ? 1 : concurrency - Math.ceil(concurrency / 4)
}

/** One that takes of the slots that all share. */
export interface Taker {
  readonly inFlight: number
  /** There may be one for it now. */
  pump(): void
}

/**
 * What all integrations together may have in flight. Whoever has as many as are left gets no more: so one alone may
 * have half of all, twenty greedy ones a twenty-first part each, and some are always left for whoever comes.
 */
export class SharedSlots {
  #free: number
  readonly #waiting = new Set<Taker>()

  constructor(total: number) {
    this.#free = total
  }

  get free(): number {
    return this.#free
  }

  /** When there is none, the taker is told later. */
  hasOneFor(taker: Taker): boolean {
    if (taker.inFlight < this.#free) return true
    this.#waiting.add(taker)
    return false
  }

  take(): void {
    this.#free--
  }

  /** Told is who waits, until one takes it: some have nothing to send any more. */
  giveBack(): void {
    const free = ++this.#free
    if (this.#waiting.size === 0) return
    for (const taker of [...this.#waiting]) {
      if (taker.inFlight >= free) continue
      this.#waiting.delete(taker)
      taker.pump()
      if (this.#free < free) return
    }
  }

  /** It wants no more. */
  forget(taker: Taker): void {
    this.#waiting.delete(taker)
  }
}
