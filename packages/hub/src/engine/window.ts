import type { OwnedDelivery } from '../core/delivery.ts'
import type { StoredEvent } from '../core/event.ts'

/** A delivery that this node holds. Its event comes with it when it was handed over, and is loaded otherwise. */
export interface Work {
  readonly delivery: OwnedDelivery
  readonly epoch: number
  event: StoredEvent | null
}

export type Wanted = (delivery: OwnedDelivery) => boolean

/** Changes on disk what this epoch owns and no window holds any more: nobody can claim it before. Never throws. */
export type ChangeOwned = (seqs: readonly number[], epoch: number) => Promise<void>

/** Enough for a burst: what once had to be left on disk is read again, which costs a third of a delivery. */
export const windowRows = 8_000
/** Of what lies on disk a node takes no more ahead: the rest is there for the others. */
export const claimedRows = 1_000
/** What a delivery takes in memory beside its payload. */
export const rowBytes = 512

/**
 * What a lane holds in memory, in the order in which it goes out; bounded in rows and, with payloads, in bytes: ten
 * million waiting are on disk.
 */
export class Window {
  #ready: (Work | undefined)[] = []
  #head = 0
  /** What is before it has its payload. */
  #firstToLoad = 0
  #bytes = 0
  #reservedRows = 0
  /** Those whose payloads are on their way. */
  #awaited = new Set<Work>()
  #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  set maxBytes(value: number) {
    this.#maxBytes = value
  }

  get size(): number {
    return this.#ready.length - this.#head
  }

  get room(): number {
    return Math.max(0, windowRows - this.size - this.#reservedRows)
  }

  get claimRoom(): number {
    return Math.max(0, claimedRows - this.size - this.#reservedRows)
  }

  /** Keeps room for a delivery that comes with its payload. */
  reserve(bodyBytes: number): boolean {
    const bytes = bodyBytes + rowBytes
    if (this.room === 0 || this.#bytes + bytes > this.#maxBytes) return false
    this.#reservedRows++
    this.#bytes += bytes
    return true
  }

  unreserve(bodyBytes: number): void {
    this.#reservedRows--
    this.#bytes -= bodyBytes + rowBytes
  }

  push(work: Work): void {
    this.#ready.push(work)
    if (work.event) this.#bytes += weigh(work)
  }

  peek(): Work | undefined {
    return this.#ready[this.#head]
  }

  /** The next one, whose payload goes on to count until `done`. */
  shift(): Work | undefined {
    const work = this.#ready[this.#head]
    if (!work) return undefined
    // Otherwise payloads that are long delivered would stay in memory until the array is cut.
    this.#ready[this.#head] = undefined
    this.#head++
    if (this.#head > 256 && this.#head * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#head)
      this.#firstToLoad = Math.max(0, this.#firstToLoad - this.#head)
      this.#head = 0
    }
    return work
  }

  done(work: Work): void {
    if (work.event) this.#bytes -= weigh(work)
  }

  /**
   * The next ones whose payloads fit, at least one if it is the next to go out; none while half of so many are loaded
   * ahead of them, so that loads are few and large.
   */
  toLoad(maxCount: number): readonly Work[] {
    const first = this.#findFirstToLoad()
    if (first === this.#ready.length || first - this.#head > maxCount / 2) return []
    const chosen: Work[] = []
    let bytes = this.#bytes
    const end = Math.min(this.#ready.length, this.#head + maxCount)
    for (let index = first; index < end; index++) {
      const work = this.#ready[index]
      if (!work || work.event) continue
      if (bytes + weigh(work) > this.#maxBytes && index > this.#head) break
      bytes += weigh(work)
      chosen.push(work)
    }
    this.#awaited = new Set(chosen)
    return chosen
  }

  /** It only goes forward, so that asking costs nothing where all payloads came along. */
  #findFirstToLoad(): number {
    this.#firstToLoad = Math.max(this.#firstToLoad, this.#head)
    while (this.#ready[this.#firstToLoad]?.event) this.#firstToLoad++
    return this.#firstToLoad
  }

  /** A payload came; whoever was taken out meanwhile needs it no more. */
  loaded(work: Work, event: StoredEvent): void {
    if (!this.#awaited.delete(work)) return
    work.event = event
    this.#bytes += weigh(work)
  }

  /** Counts a payload that goes out without having waited here, until `done`. */
  pass(work: Work): void {
    if (work.event) this.#bytes += weigh(work)
  }

  /** Takes out what a test chooses; all of it by default. */
  remove(test: (work: Work) => boolean = () => true): readonly Work[] {
    const removed: Work[] = []
    const kept: Work[] = []
    for (let index = this.#head; index < this.#ready.length; index++) {
      const work = this.#ready[index]
      if (!work) continue
      if (test(work)) {
        removed.push(work)
        this.#awaited.delete(work)
        this.done(work)
      } else kept.push(work)
    }
    this.#ready = kept
    this.#head = 0
    this.#firstToLoad = 0
    return removed
  }
}

function weigh({ delivery }: Work): number {
  return delivery.bodyBytes + rowBytes
}
