import { formatNumber } from '../table.ts'
import { median } from '../statistics.ts'
import { ratiosOf, subjects, unrest, type Judged, type Series } from './judge.ts'
import type { Found } from './rows.ts'

type Rows = readonly (readonly string[])[]

const head = [
  '',
  '',
  'events/s',
  '÷ one node',
  'hubs',
  'database',
  'broker',
  'through the broker',
  'in a message',
  'lost',
  'others',
]

/** Medians of the rounds. CPU microseconds for each event: of all hubs together, the database, and the broker. */
export function figureRows(all: readonly Series[]): Rows {
  const rows = all.map((series) => {
    const alone = all.find(({ row, subject }) => row === series.row && subject === subjects.one)
    const found = series.rounds.filter((one) => one !== null)
    const of = (figure: (one: Found) => number | null): string => {
      const values = found.map(figure).filter((value) => value !== null)
      return formatNumber(values.length === 0 ? undefined : median(values))
    }
    const percent = (figure: (one: Found) => number | null): string => {
      const values = found.map(figure).filter((value) => value !== null)
      return values.length === 0 ? '' : `${Math.round(median(values) * 100)} %`
    }
    return [
      series.row,
      series.subject,
      of(({ perSecond }) => perSecond),
      formatNumber(median(ratiosOf(series.rounds, alone?.rounds ?? []))),
      of(({ cpuUs }) => cpuUs.subject),
      of(({ cpuUs }) => cpuUs.store),
      of(({ cpuUs }) => cpuUs.broker),
      percent(({ published, events }) => published.deliveries / events),
      of(({ published }) => (published.messages === 0 ? null : published.deliveries / published.messages)),
      lostOf(series),
      percent(({ othersShare }) => othersShare),
    ]
  })
  return [head, ...rows]
}

/** A round in which anything was lost, or came twice, has no figures. */
function lostOf({ rounds }: Series): string {
  const events = rounds.reduce((sum, one) => sum + (one?.events ?? 0), 0)
  return rounds.includes(null) ? 'FAILED' : `0 of ${formatNumber(events)}`
}

export function judgedRows(judged: readonly Judged[], series: readonly Series[]): Rows {
  const rows = judged.map(({ row, subject, dividedBy, must, ratios, isReached }) => [
    `${row}: ${subject} ÷ ${dividedBy}`,
    listOf(ratios),
    formatNumber(median(ratios)),
    `≥ ${must}`,
    isReached ? 'reached' : 'missed',
  ])
  const told = series
    .filter(({ subject }) => subject === subjects.one)
    .map(({ row, subject, rounds }) => {
      const ratios = unrest(rounds)
      return [
        `${row}: ${subject} ÷ itself a round before`,
        listOf(ratios),
        formatNumber(median(ratios)),
        '',
        '',
      ]
    })
  return [['', 'round by round', 'median', 'must', ''], ...rows, ...told]
}

function listOf(ratios: readonly number[]): string {
  return ratios.map((ratio) => ratio.toFixed(2)).join(' ')
}
