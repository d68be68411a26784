import type { Figures, Requirement, Scenario } from './scenarios/scenario.ts'
import { median } from './statistics.ts'

/** What one subject showed in one scenario, round by round. */
export interface Series {
  readonly scenario: string
  readonly subject: string
  readonly rounds: readonly Figures[]
}

/** `told`: nothing is asked of it. */
export type Verdict = 'aim' | 'must' | 'miss' | 'told' | 'not measured'

export interface Judged {
  readonly requirement: Requirement
  /** Medians, by subject: of all of them, or of the two that are compared. */
  readonly medians: Readonly<Record<string, number>>
  /** What is compared: the hub's figure, or the median of its ratios to the reference in the same round. */
  readonly value: number | null
  readonly verdict: Verdict
}

const judgedSubject = 'hub'

export function judge(scenario: Scenario, all: readonly Series[]): readonly Judged[] {
  const series = all.filter((one) => one.scenario === scenario.name)
  return scenario.requirements.map((requirement) => {
    const values = (subject: string): readonly number[] =>
      valuesOf(
        series.find((one) => one.subject === subject),
        requirement.figure,
      )
    const own = values(judgedSubject)
    const compared = requirement.dividedBy === null ? own : ratios(own, values(requirement.dividedBy))
    const value = compared.length === 0 ? null : median(compared)
    const compare = ({ subject }: Series): boolean =>
      requirement.dividedBy === null || subject === judgedSubject || subject === requirement.dividedBy
    const medians = series.filter(compare).map(({ subject }) => [subject, median(values(subject))] as const)
    return {
      requirement,
      medians: Object.fromEntries(medians),
      value,
      verdict: verdictOn(requirement, value),
    }
  })
}

function valuesOf(series: Series | undefined, figure: string): readonly number[] {
  const values = series?.rounds.map((figures) => figures[figure]) ?? []
  return values.filter((value) => typeof value === 'number')
}

/** Round by round: neighbours in time share the machine's mood. */
function ratios(own: readonly number[], reference: readonly number[]): readonly number[] {
  return own.flatMap((value, round) => {
    const divisor = reference[round]
    return divisor === undefined ? [] : [value / divisor]
  })
}

function verdictOn({ better, must, aim }: Requirement, value: number | null): Verdict {
  if (value === null) return 'not measured'
  if (must === null || aim === null) return 'told'
  const reaches = (bound: number): boolean => (better === 'higher' ? value >= bound : value <= bound)
  if (reaches(aim)) return 'aim'
  return reaches(must) ? 'must' : 'miss'
}
