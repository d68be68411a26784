import type { StoredEvent } from '../core/event.ts'
import { Window, type Work } from './window.ts'

/** Of the bytes: the rest is left to what was not tried yet. */
const againShare = 0.25

/**
 * What a lane holds in memory: what was never tried, and what is tried again, each in its own order. Events that no
 * target ever answers come back for days and must not stand before all others.
 */
export class Windows {
  readonly #first: Window
  readonly #again: Window
  #againIsNext = true

  constructor(maxBytes: number) {
    this.#first = new Window(maxBytes * (1 - againShare))
    this.#again = new Window(maxBytes * againShare)
  }

  set maxBytes(value: number) {
    this.#first.maxBytes = value * (1 - againShare)
    this.#again.maxBytes = value * againShare
  }

  get size(): number {
    return this.#first.size + this.#again.size
  }

  /** For what was never tried. */
  get room(): number {
    return this.#first.room
  }

  /** The same, for what lies on disk. */
  get claimRoom(): number {
    return this.#first.claimRoom
  }

  /** For what is due. What was never tried, such as what is to be delivered later, goes where new ones do. */
  get timedRoom(): number {
    return Math.min(this.#again.claimRoom, this.#first.room)
  }

  reserve(bodyBytes: number): boolean {
    return this.#first.reserve(bodyBytes)
  }

  unreserve(bodyBytes: number): void {
    this.#first.unreserve(bodyBytes)
  }

  push(work: Work): void {
    this.#of(work).push(work)
  }

  /** The next to go out: where both wait, in turns. */
  peek(mayTryAgain: boolean): Work | undefined {
    const first = this.#first.peek()
    const again = mayTryAgain ? this.#again.peek() : undefined
    return this.#againIsNext ? (again ?? first) : (first ?? again)
  }

  shift(work: Work): void {
    this.#againIsNext = !isRetry(work)
    this.#of(work).shift()
  }

  toLoad(maxCount: number): readonly Work[] {
    return [...this.#first.toLoad(maxCount), ...this.#again.toLoad(maxCount)]
  }

  loaded(work: Work, event: StoredEvent): void {
    this.#of(work).loaded(work, event)
  }

  pass(work: Work): void {
    this.#of(work).pass(work)
  }

  done(work: Work): void {
    this.#of(work).done(work)
  }

  remove(test?: (work: Work) => boolean): readonly Work[] {
    return [...this.#first.remove(test), ...this.#again.remove(test)]
  }

  #of(work: Work): Window {
    return isRetry(work) ? this.#again : this.#first
  }
}

export function isRetry({ delivery }: Work): boolean {
  return delivery.attempts > 0
}
