import type { ErrorClass } from '../core/outcome.ts'

export interface AccessToken {
  readonly value: string
  readonly lifetimeMs: number
}

export interface TokenFailure {
  readonly errorClass: ErrorClass
  readonly error: string
  readonly retryAfterMs: number | null
}

/** What asking for a token came to. */
export type Fetched<T> =
  { readonly ok: true; readonly token: T } | { readonly ok: false; readonly failure: TokenFailure }

/** A tenth of a token's life, but no more than this, is left unused: it must still be good when it arrives. */
const longestMarginMs = 30_000
const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** By `retry-after`. */
const longestAskedPauseMs = 300_000
/** A target that refuses every token must not make us ask for one with each delivery. */
const renewalSpacingMs = 5_000

/**
 * Keeps one access token for all deliveries of a target. One question at a time goes to the endpoint and all who wait
 * share its answer. After a failure the endpoint is left alone, longer with each further one; who needs a token
 * meanwhile gets that failure.
 */
export class TokenKeeper {
  readonly #fetch: () => Promise<Fetched<AccessToken>>
  readonly #nowMs: () => number
  #token: { readonly value: string; readonly staleAtMs: number } | null = null
  #fetching: Promise<Fetched<string>> | null = null
  #failure: { readonly failure: TokenFailure; readonly untilMs: number } | null = null
  #failures = 0
  #renewableAtMs = -Infinity

  constructor(fetch: () => Promise<Fetched<AccessToken>>, nowMs: () => number = () => performance.now()) {
    this.#fetch = fetch
    this.#nowMs = nowMs
  }

  /** The token that is at hand, if it is good. */
  get current(): string | null {
    return this.#token !== null && this.#nowMs() < this.#token.staleAtMs ? this.#token.value : null
  }

  obtain(): Promise<Fetched<string>> {
    const token = this.current
    if (token !== null) return Promise.resolve({ ok: true, token })
    if (this.#fetching) return this.#fetching
    const pauseMs = (this.#failure?.untilMs ?? 0) - this.#nowMs()
    if (this.#failure && pauseMs > 0) {
      const failure = { ...this.#failure.failure, retryAfterMs: Math.ceil(pauseMs) }
      return Promise.resolve({ ok: false, failure })
    }
    this.#fetching = this.#ask().finally(() => (this.#fetching = null))
    return this.#fetching
  }

  /** The target refused this token: whether there is, or may be had, another one. */
  renew(refused: string): boolean {
    if (this.#token?.value !== refused) return true
    const nowMs = this.#nowMs()
    if (nowMs < this.#renewableAtMs) return false
    this.#renewableAtMs = nowMs + renewalSpacingMs
    this.#token = null
    return true
  }

  async #ask(): Promise<Fetched<string>> {
    const fetched = await this.#fetch()
    const nowMs = this.#nowMs()
    if (!fetched.ok) {
      const { failure } = fetched
      const pauseMs = Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs)
      const askedMs = Math.min(failure.retryAfterMs ?? 0, longestAskedPauseMs)
      this.#failures += 1
      this.#failure = { failure, untilMs: nowMs + Math.max(pauseMs, askedMs) }
      return fetched
    }
    const { value, lifetimeMs } = fetched.token
    this.#failures = 0
    this.#failure = null
    this.#token = { value, staleAtMs: nowMs + lifetimeMs - Math.min(lifetimeMs / 10, longestMarginMs) }
    return { ok: true, token: value }
  }
}
