import type { OwnedDelivery } from '../core/delivery.ts'
import type { LaneRef, ReadyQueue } from '../queue/queue.ts'

/** What a lane knows of its deliveries that lie free on disk. It may believe in too much there, never in too little. */
export class Backlog {
  readonly #queue: ReadyQueue
  #hasFresh = true
  /** Grows when rows were left, so that a claim that began before does not take itself for the last. */
  #leftCount = 0
  #nextDueMs = 0

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

  freshLeft(): void {
    this.#hasFresh = true
    this.#leftCount++
  }

  due(atMs: number): void {
    this.#nextDueMs = Math.min(this.#nextDueMs, atMs)
  }

  /** Anything may lie there. */
  unknown(): void {
    this.freshLeft()
    this.#nextDueMs = 0
  }

  async takeFresh(lane: LaneRef, epoch: number, limit: number): Promise<readonly OwnedDelivery[]> {
    const leftBefore = this.#leftCount
    const rows = await this.#queue.claim(lane, 'fresh', epoch, limit)
    if (rows.length < limit && this.#leftCount === leftBefore) this.#hasFresh = false
    return rows
  }

  async takeTimed(
    lane: LaneRef,
    epoch: number,
    limit: number,
    nowMs: number,
  ): Promise<readonly OwnedDelivery[]> {
    this.#nextDueMs = Infinity
    try {
      const rows = await this.#queue.claim(lane, 'timed', epoch, limit)
      if (rows.length === limit) this.due(nowMs)
      else await this.#findNextDue(lane, nowMs)
      return rows
    } catch (error) {
      this.due(nowMs)
      throw error
    }
  }

  /** Never fails: what was claimed just before is this node's and must not be dropped on the way. */
  async #findNextDue(lane: LaneRef, nowMs: number): Promise<void> {
    const next = await this.#queue.nextDue(lane).catch(() => new Date(nowMs))
    if (next) this.due(next.getTime())
  }
}
