import { median } from '../statistics.ts'
import type { Found } from './rows.ts'

export const subjects = {
  one: 'one node',
  two: 'two nodes',
  oneWithBroker: 'one node, RabbitMQ',
  twoWithBroker: 'two nodes, RabbitMQ',
} as const

/** What one subject showed in one row, round by round; null: it failed in that round. */
export interface Series {
  readonly row: string
  readonly subject: string
  readonly rounds: readonly (Found | null)[]
}

interface Requirement {
  readonly subject: string
  readonly dividedBy: string
  readonly must: number
}

/** One and the same node differs from itself by more than this from round to round, even on a quiet machine. */
const noise = 0.05

const requirements: readonly Requirement[] = [
  { subject: subjects.two, dividedBy: subjects.one, must: 1 - noise },
  { subject: subjects.oneWithBroker, dividedBy: subjects.one, must: 0.5 },
  { subject: subjects.twoWithBroker, dividedBy: subjects.two, must: 0.5 },
]

export interface Judged extends Requirement {
  readonly row: string
  /** Of the rates, round by round. */
  readonly ratios: readonly number[]
  readonly isReached: boolean
}

/** Of those that were measured; a subject that is not there is told elsewhere. */
export function judge(all: readonly Series[]): readonly Judged[] {
  const rows = [...new Set(all.map(({ row }) => row))]
  return rows.flatMap((row) =>
    requirements.flatMap((requirement) => {
      const roundsOf = (subject: string) =>
        all.find((one) => one.row === row && one.subject === subject)?.rounds
      const [own, reference] = [roundsOf(requirement.subject), roundsOf(requirement.dividedBy)]
      if (!own || !reference) return []
      const ratios = ratiosOf(own, reference)
      return { ...requirement, row, ratios, isReached: median(ratios) >= requirement.must }
    }),
  )
}

/** What the same node did in a round ÷ in the round before: what the other ratios may be by chance. */
export function unrest(rounds: Series['rounds']): readonly number[] {
  return ratiosOf(rounds.slice(1), rounds.slice(0, -1))
}

/** Round by round: neighbours in time share the machine's mood. A round that one of them failed says nothing. */
export function ratiosOf(own: Series['rounds'], reference: Series['rounds']): readonly number[] {
  return own.flatMap((found, round) => {
    const other = reference[round]
    return found && other ? [found.perSecond / other.perSecond] : []
  })
}
