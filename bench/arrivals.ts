const bucketUs = 10_000

/** When things came: how many in each hundredth of a second from the first on. */
export interface ArrivalTimes {
  readonly startUs: number
  readonly counts: Uint32Array
}

export class Arrivals {
  #startUs: number | null = null
  #counts = new Uint32Array(1_024)

  add(nowUs: number): void {
    this.#startUs ??= nowUs
    const bucket = Math.floor((nowUs - this.#startUs) / bucketUs)
    if (bucket >= this.#counts.length) {
      const larger = new Uint32Array(Math.max(bucket + 1, this.#counts.length * 2))
      larger.set(this.#counts)
      this.#counts = larger
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
  }

  times(): ArrivalTimes {
    return { startUs: this.#startUs ?? 0, counts: this.#counts }
  }
}

/** How many a second came in that time. */
export function arrivedPerSecond({ startUs, counts }: ArrivalTimes, fromUs: number, toUs: number): number {
  const bucketOf = (timeUs: number): number => Math.max(0, Math.floor((timeUs - startUs) / bucketUs))
  const count = counts.subarray(bucketOf(fromUs), bucketOf(toUs)).reduce((sum, value) => sum + value, 0)
  return (count / (toUs - fromUs)) * 1_000_000
}
