import type { Source } from './catalog.ts'
import { TokenBucket } from './rate.ts'

interface Bucket {
  readonly revision: number
  readonly tokens: TokenBucket
}

/** The rate limits of the sources, as far as this node sees them. */
export class SourceRates {
  readonly #buckets = new Map<number, Bucket>()

  /** Takes room for so many events; returns 0, or how many milliseconds the sender should wait. */
  take(source: Source, count: number, nowMs: number): number {
    const limit = source.spec.rateLimit
    if (limit === undefined) return 0
    let bucket = this.#buckets.get(source.id)
    if (!bucket || bucket.revision !== source.revision) {
      bucket = { revision: source.revision, tokens: new TokenBucket(limit, nowMs) }
      this.#buckets.set(source.id, bucket)
    }
    return bucket.tokens.take(nowMs, count) ? 0 : Math.max(1, bucket.tokens.waitMs(nowMs, count))
  }
}
