import type { Source } from './catalog.ts'
import { TokenBucket } from './rate.ts'
import { rateOf } from './share.ts'

interface Bucket {
  readonly revision: number
  nodeCount: number
  readonly tokens: TokenBucket
}

/** The rate limits of the sources, of which each node that is alive has an equal part. */
export class SourceRates {
  readonly #nodeCount: () => number
  readonly #buckets = new Map<number, Bucket>()

  constructor(nodeCount: () => number) {
    this.#nodeCount = nodeCount
  }

  /** Takes room for so many events; returns 0, or how many milliseconds the sender should wait. */
  take(source: Source, count: number, nowMs: number): number {
    const limit = source.spec.rateLimit
    if (limit === undefined) return 0
    let bucket = this.#buckets.get(source.id)
    const nodeCount = this.#nodeCount()
    if (bucket?.revision !== source.revision) {
      const tokens = new TokenBucket(rateOf(limit, nodeCount), nowMs)
      bucket = { revision: source.revision, nodeCount, tokens }
      this.#buckets.set(source.id, bucket)
    } else if (bucket.nodeCount !== nodeCount) {
      bucket.tokens.change(rateOf(limit, nodeCount), nowMs)
      bucket.nodeCount = nodeCount
    }
    return bucket.tokens.take(nowMs, count) ? 0 : Math.max(1, bucket.tokens.waitMs(nowMs, count))
  }
}
