import type { Figures, Measured, Requirement } from './scenarios/scenario.ts'
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
  readonly scenario: string
  readonly requirement: Requirement
  /** Medians, by subject: of all of them, or of the two that are compared. */
  readonly medians: Readonly<Record<string, number>>
  /** What is compared: the hub's figure, or the median of its ratios to the reference in the same round. */
  readonly value: number | null
  readonly verdict: Verdict
}

export const judgedSubject = 'hub'

export function judge({ name, requirements }: Measured, all: readonly Series[]): readonly Judged[] {
  const series = all.filter(({ scenario }) => scenario === name)
  const roundsOf = (subject: string): readonly Figures[] =>
    series.find((one) => one.subject === subject)?.rounds ?? []
  return requirements.map((requirement) => {
    const { figure, dividedBy } = requirement
    const own = roundsOf(judgedSubject)
    const compared = dividedBy === null ? valuesOf(own, figure) : ratios(own, roundsOf(dividedBy), figure)
    const value = compared.length === 0 ? null : median(compared)
    const isCompared = (subject: string): boolean =>
      dividedBy === null || subject === judgedSubject || subject === dividedBy
    const medians = series
      .filter(({ subject }) => isCompared(subject))
      .map(({ subject, rounds }) => [subject, median(valuesOf(rounds, figure))] as const)
    return {
      scenario: name,
      requirement,
      medians: Object.fromEntries(medians),
      value,
      verdict: verdictOn(requirement, value),
    }
  })
}

/** Whether a run is to fail for it. */
export function falls({ verdict }: Judged): boolean {
  return verdict === 'miss' || verdict === 'not measured'
}

function valuesOf(rounds: readonly Figures[], figure: string): readonly number[] {
  return rounds.map((figures) => figures[figure]).filter((value) => typeof value === 'number')
}

/** Round by round: neighbours in time share the machine's mood. A round that one of them failed says nothing. */
function ratios(own: readonly Figures[], reference: readonly Figures[], figure: string): readonly number[] {
  return own.flatMap((figures, round) => {
    const [value, divisor] = [figures[figure], reference[round]?.[figure]]
    return typeof value === 'number' && typeof divisor === 'number' ? [value / divisor] : []
  })
}

function verdictOn({ better, must, aim }: Requirement, value: number | null): Verdict {
  if (value === null) return 'not measured'
  if (must === null || aim === null) return 'told'
  const reaches = (bound: number): boolean => (better === 'higher' ? value >= bound : value <= bound)
  if (reaches(aim)) return 'aim'
  return reaches(must) ? 'must' : 'miss'
}
