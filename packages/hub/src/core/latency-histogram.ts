/** Each bucket is a tenth wider than the one before, so that a quantile is off by five percent at most. */
const growth = 1.1
const smallestMs = 0.5
const bucketCount = 180
const logOfGrowth = Math.log(growth)

export interface Quantiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** Durations of the last minutes, forgotten slice by slice. */
export class LatencyHistogram {
  readonly #sliceMs: number
  readonly #slices: Uint32Array[]
  #current = 0
  #startedMs: number

  constructor(nowMs: number, spanMs: number, sliceCount: number) {
    this.#sliceMs = spanMs / sliceCount
    this.#slices = Array.from({ length: sliceCount }, () => new Uint32Array(bucketCount))
    this.#startedMs = nowMs
  }

  add(durationMs: number, nowMs: number): void {
    this.#advance(nowMs)
    const slice = this.#slices[this.#current]
    const bucket = bucketOf(durationMs)
    if (slice) slice[bucket] = (slice[bucket] ?? 0) + 1
  }

  /** Null: there were none. */
  quantiles(nowMs: number): Quantiles | null {
    this.#advance(nowMs)
    const sums = new Float64Array(bucketCount)
    for (const slice of this.#slices)
      for (const [bucket, count] of slice.entries()) sums[bucket] = (sums[bucket] ?? 0) + count
    const all = sums.reduce((sum, count) => sum + count, 0)
    if (all === 0) return null
    return {
      p50: quantile(sums, all * 0.5),
      p95: quantile(sums, all * 0.95),
      p99: quantile(sums, all * 0.99),
    }
  }

  #advance(nowMs: number): void {
    const passed = Math.floor((nowMs - this.#startedMs) / this.#sliceMs)
    if (passed <= 0) return
    for (let step = 0; step < Math.min(passed, this.#slices.length); step++) {
      this.#current = (this.#current + 1) % this.#slices.length
      this.#slices[this.#current]?.fill(0)
    }
    this.#startedMs += passed * this.#sliceMs
  }
}

function bucketOf(durationMs: number): number {
  if (!(durationMs > smallestMs)) return 0
  return Math.min(bucketCount - 1, Math.ceil(Math.log(durationMs / smallestMs) / logOfGrowth))
}

function quantile(sums: Float64Array, rank: number): number {
  let seen = 0
  for (const [bucket, count] of sums.entries()) {
    seen += count
    if (seen >= rank) return Math.round(smallestMs * growth ** (bucket - 0.5) * 10) / 10
  }
  return Infinity
}
