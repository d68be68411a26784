import type { OwnedDelivery } from '../core/delivery.ts'
import type { LaneRef, ReadyQueue } from '../queue/queue.ts'

/** Claims of what was never tried are worth their transaction from this much room on. */
export const claimRows = 500

/** Room in memory for what is claimed. */
export interface ClaimRoom {
  readonly claimRoom: number
  readonly timedRoom: number
}

/** What a lane knows of its deliveries that lie free on disk. It may believe in too much there, never in too little. */
export class Backlog {
  readonly #queue: ReadyQueue
  #hasFresh = true
  /** Grows when rows were left, so that a claim that began before does not take itself for the last. */
  #leftCount = 0
  #nextDueMs = 0
  #freshIsNext = false

  constructor(queue: ReadyQueue) {
    this.#queue = queue
  }

  /** Something never tried may lie there; it goes before what arrives now. */
  get hasFresh(): boolean {
    return this.#hasFresh
  }

  get nextDueMs(): number {
    return this.#nextDueMs
  }

  hasReady(nowMs: number): boolean {
    return this.#hasFresh || this.#nextDueMs <= nowMs
  }

  /** How many rows to claim of what is due and of what was never tried: half as many of the former, as they may hang. */
  toClaim(
    { claimRoom, timedRoom }: ClaimRoom,
    nowMs: number,
  ): { readonly timed: number; readonly fresh: number } {
    return {
      timed: this.#nextDueMs <= nowMs ? Math.min(claimRows / 2, timedRoom) : 0,
      fresh: this.#hasFresh && claimRoom >= claimRows ? claimRows : 0,
    }
  }

  hasSomeFor(room: ClaimRoom, nowMs: number): boolean {
    const { timed, fresh } = this.toClaim(room, nowMs)
    return timed + fresh > 0
  }

  freshLeft(): void {
    this.#hasFresh = true
    this.#leftCount++
  }

  due(atMs: number): void {
    this.#nextDueMs = Math.min(this.#nextDueMs, atMs)
  }

  /** As the store sees it, whose clock may be another. */
  dueIn(inMs: number): void {
    this.due(Date.now() + inMs)
  }

  /** Anything may lie there. */
  unknown(): void {
    this.freshLeft()
    this.#nextDueMs = 0
  }

  async takeFresh(lane: LaneRef, epoch: number, limit: number): Promise<readonly OwnedDelivery[]> {
    const leftBefore = this.#leftCount
    const { rows, isLast } = await this.#queue.claimFresh(lane, epoch, limit)
    if (isLast && this.#leftCount === leftBefore) this.#hasFresh = false
    return rows
  }

  async takeTimed(lane: LaneRef, epoch: number, limit: number): Promise<readonly OwnedDelivery[]> {
    this.#nextDueMs = Infinity
    try {
      const { rows, nextDueInMs } = await this.#queue.claimTimed(lane, epoch, limit)
      if (nextDueInMs !== null) this.dueIn(nextDueInMs)
      return rows
    } catch (error) {
      this.dueIn(0)
      throw error
    }
  }

  /**
   * One delivery to probe with. What failed and what was never tried take turns: events that no target ever answers
   * must not keep the circuit open for all others.
   */
  async takeProbe(lane: LaneRef, epoch: number, nowMs: number): Promise<OwnedDelivery | null> {
    const timed = async () => (this.#nextDueMs <= nowMs ? await this.takeTimed(lane, epoch, 1) : [])
    const fresh = async () => (this.#hasFresh ? await this.takeFresh(lane, epoch, 1) : [])
    const turns = this.#freshIsNext ? [fresh, timed] : [timed, fresh]
    this.#freshIsNext = !this.#freshIsNext
    for (const take of turns) {
      const [delivery] = await take()
      if (delivery) return delivery
    }
    return null
  }
}
