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

/** One of several, the first of which says when and on which machine; a scenario is as the last that measured it has it. */
export function join(first: BenchDocument, ...others: readonly BenchDocument[]): BenchDocument {
  const all = [first, ...others]
  const lastOf = new Map(
    all.flatMap((document) => document.judged.map(({ scenario }) => [scenario, document] as const)),
  )
  const current = <T extends { readonly scenario: string }>(
    of: (document: BenchDocument) => readonly T[],
  ): T[] =>
    [...lastOf].flatMap(([name, document]) => of(document).filter(({ scenario }) => scenario === name))
  return {
    ...first,
    command: all.map(({ command }) => command).join('\n'),
    machine: { ...first.machine, commit: [...new Set(all.map(({ machine }) => machine.commit))].join(', ') },
    judged: current(({ judged }) => judged),
    series: current(({ series }) => series),
    failures: current(({ failures }) => failures),
  }
}
