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
  /** By the bucket, the one that asked last. */
  #wasRefused = false

  constructor(integration: Integration) {
    this.#bucket = bucketOf(integration)
  }

  isRateLimited(nowMs: number): boolean {
    return this.#rateWaitMs(nowMs) > 0
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
    this.#wasRefused = !this.isHeld(nowMs) && this.#bucket !== null && this.#bucket.waitMs(nowMs) > 0
    return !this.isHeld(nowMs) && !this.#wasRefused
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
    const waitMs = this.#rateWaitMs(nowMs)
    return waitMs > 0 ? nowMs + waitMs : Infinity
  }

  /** Whoever was refused may be gone: it is not waited for any longer than until it could have gone out. */
  #rateWaitMs(nowMs: number): number {
    return this.#wasRefused && this.#bucket ? this.#bucket.waitMs(nowMs) : 0
  }
}

function bucketOf(integration: Integration): TokenBucket | null {
  const { rateLimit } = integration.spec
  return rateLimit ? new TokenBucket(rateLimit, Date.now()) : null
}
