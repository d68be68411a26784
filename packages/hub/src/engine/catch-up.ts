import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** What accepting minds of delivering. */
export interface Delivering {
  /** How many deliveries wait in memory for their turn. */
  readonly waiting: number
  /** How many requests have ended since the start. */
  readonly landed: number
}

/** As many as a lane takes ahead from disk: with fewer, targets have what they can take. */
const fewWaiting = 1_000
const stepMs = 2
export const mostMs = 20
/** How long not to wait again after it was in vain: twice as long each time. */
const firstRestMs = 1_000
const longestRestMs = 60_000
const busyShare = 0.7

/**
 * Where accepting and delivering want the same processor, accepting wins: it takes any number of requests in a turn of
 * the event loop, an integration has only so many in flight. What is accepted beyond what leaves goes to disk and is
 * read again, a seventh of all that an event costs. So a flush waits a moment until as many deliveries have landed as
 * the one before brought: senders hear of it a little later, and all is faster. Where the wait is in vain the targets are
 * slow, not this process, and accepting goes on at its own pace.
 */
export class CatchUp {
  readonly #delivering: Delivering
  readonly #isBusy: () => boolean
  #landedThen = 0
  #owed = 0
  #wasBusy = false
  #restMs = firstRestMs
  #restUntilMs = -Infinity

  constructor(delivering: Delivering, isBusy = loopWatch()) {
    this.#delivering = delivering
    this.#isBusy = isBusy
  }

  /** A flush brings so many deliveries. */
  brought(deliveries: number): void {
    this.#wasBusy = this.#isBusy()
    this.#landedThen = this.#delivering.landed
    this.#owed = deliveries
  }

  get isBehind(): boolean {
    const { landed } = this.#delivering
    if (!this.#wasBusy || landed - this.#landedThen >= this.#owed) return false
    return performance.now() >= this.#restUntilMs && this.#delivering.waiting > fewWaiting
  }

  async wait(): Promise<void> {
    if (!this.isBehind) return
    const untilMs = performance.now() + mostMs
    while (this.isBehind && performance.now() < untilMs) await delay(stepMs)
    // A process that had rest meanwhile is not what deliveries wait for.
    if (!this.isBehind && this.#isBusy()) this.#restMs = firstRestMs
    else {
      this.#restUntilMs = performance.now() + this.#restMs
      this.#restMs = Math.min(this.#restMs * 2, longestRestMs)
    }
  }
}

/** Whether the event loop has had little rest since it was asked last. */
function loopWatch(): () => boolean {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization > busyShare
  }
}
