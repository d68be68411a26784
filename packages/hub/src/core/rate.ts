import type { RateLimit } from './source-spec.ts'

/** A token bucket: `perSecond` on average, `burst` at once. */
export class TokenBucket {
  #perMs: number
  #burst: number
  #tokens: number
  #atMs: number

  constructor(limit: RateLimit, nowMs: number) {
    this.#perMs = limit.perSecond / 1_000
    this.#burst = burstOf(limit)
    this.#tokens = this.#burst
    this.#atMs = nowMs
  }

  /** From now on by this limit, with what is left: a change brings no burst. */
  change(limit: RateLimit, nowMs: number): void {
    this.#refill(nowMs)
    this.#perMs = limit.perSecond / 1_000
    this.#burst = burstOf(limit)
    this.#tokens = Math.min(this.#tokens, this.#burst)
  }

  /** Takes tokens if they are there. */
  take(nowMs: number, count = 1): boolean {
    this.#refill(nowMs)
    // More than the bucket ever holds passes when it is full, and is paid back before the next.
    if (this.#tokens < Math.min(count, this.#burst)) return false
    this.#tokens -= count
    return true
  }

  /** How long until so many are there. */
  waitMs(nowMs: number, count = 1): number {
    this.#refill(nowMs)
    const missing = Math.min(count, this.#burst) - this.#tokens
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perMs)
  }

  #refill(nowMs: number): void {
    // A clock that went back gives nothing and takes nothing.
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#perMs)
    this.#atMs = nowMs
  }
}

export function burstOf({ burst, perSecond }: RateLimit): number {
  return burst ?? Math.max(1, perSecond)
}
