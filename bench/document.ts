import type { Judged, Series } from './judge.ts'
import type { Machine } from './machine.ts'
import type { Sizes } from './sizes.ts'

/** What a run of the benchmarks leaves behind. */
export interface BenchDocument {
  readonly measuredAt: string
  /** To measure the same again. */
  readonly command: string
  readonly machine: Machine
  readonly sizes: Sizes
  readonly judged: readonly Judged[]
  readonly series: readonly Series[]
  /** What could not be measured, or lost events. */
  readonly failures: readonly Failure[]
}

export interface Failure {
  readonly scenario: string
  readonly subject: string
  readonly message: string
}
