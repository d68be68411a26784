import type { Integration } from '../core/catalog.ts'
import type { Outcome } from '../core/outcome.ts'
import { TokenBucket } from '../core/rate.ts'
import { sameRate } from './lane-parts.ts'

const throttleMs = 1_000
const maxThrottleMs = 60_000

/** How fast a lane may send: by its own rate, and by what the target and the store ask for. */
export class Pace {
  #bucket: TokenBucket | null
  #heldUntilMs = 0
  #isRateLimited = false

  constructor(integration: Integration) {
    this.#bucket = bucketOf(integration)
  }

  get isRateLimited(): boolean {
    return this.#isRateLimited
  }

  update(before: Integration, after: Integration): void {
    if (sameRate(before, after)) return
    const { rateLimit } = after.spec
    if (this.#bucket && rateLimit) this.#bucket.change(rateLimit, Date.now())
    else this.#bucket = bucketOf(after)
  }

  isHeld(nowMs: number): boolean {
    const leftMs = this.#heldUntilMs - nowMs
    // Longer than it was ever held: the clock went back.
    return leftMs > 0 && leftMs <= maxThrottleMs
  }

  /** Whether one may be sent now. */
  mayTake(nowMs: number): boolean {
    this.#isRateLimited = !this.isHeld(nowMs) && this.#bucket !== null && this.#bucket.waitMs(nowMs) > 0
    return !this.isHeld(nowMs) && !this.#isRateLimited
  }

  /** Takes the right to send one, in the moment in which it goes out. */
  take(nowMs: number): boolean {
    return this.mayTake(nowMs) && (this.#bucket?.take(nowMs) ?? true)
  }

  /** Nothing goes out for a while. */
  hold(untilMs: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, untilMs)
  }

  /** The target asked for less. */
  slowDown(outcome: Outcome, nowMs: number): void {
    this.hold(nowMs + Math.min(outcome.retryAfterMs ?? throttleMs, maxThrottleMs))
  }

  /** When time alone lets more go out; Infinity when it is not time that holds it. */
  nextMs(nowMs: number): number {
    if (this.isHeld(nowMs)) return this.#heldUntilMs
    return this.#isRateLimited && this.#bucket ? nowMs + this.#bucket.waitMs(nowMs) : Infinity
  }
}

function bucketOf(integration: Integration): TokenBucket | null {
  const { rateLimit } = integration.spec
  return rateLimit ? new TokenBucket(rateLimit, Date.now()) : null
}
