import { judgedSubject, type Judged, type Series, type Verdict } from './judge.ts'
import type { Requirement } from './scenarios/scenario.ts'
import { median } from './statistics.ts'

type Rows = readonly (readonly string[])[]

const verdicts: Readonly<Record<Verdict, string>> = {
  aim: 'aim',
  must: 'must',
  miss: 'missed',
  told: '',
  'not measured': 'not measured',
}

/** Each requirement: the hub's figure, what it is compared with, and what it must and should be. */
export function requirementRows(all: readonly Judged[]): Rows {
  const rows = all.map(({ requirement, medians, value, verdict }) => {
    const { dividedBy, unit, must, aim } = requirement
    const reference = dividedBy === null ? undefined : medians[dividedBy]
    return [
      requirement.what,
      withUnit(medians[judgedSubject], unit),
      withUnit(reference, unit),
      dividedBy === null ? '' : formatNumber(value ?? undefined),
      formatBound(requirement, must),
      formatBound(requirement, aim),
      verdicts[verdict],
    ]
  })
  return [['', 'hub', 'reference', 'ratio', 'must', 'aim', 'reached'], ...rows]
}

const details = {
  'accepted/s': 'acceptedPerSecond',
  'delivered/s': 'deliveredPerSecond',
  'p50 ms': 'p50Ms',
  'p99 ms': 'p99Ms',
  subject: 'subjectCpuMs',
  store: 'storeCpuMs',
  load: 'loadCpuMs',
  sink: 'sinkCpuMs',
} as const

/** What each subject did, and the CPU milliseconds for a thousand events: the least noisy figure of a run. */
export function detailRows(all: readonly Series[]): Rows {
  const rows = all.map((series) => {
    const others = medianOf(series, 'othersShare')
    return [
      series.scenario,
      series.subject,
      ...Object.values(details).map((figure) => formatNumber(medianOf(series, figure))),
      others === undefined ? '' : `${Math.round(others * 100)} %`,
    ]
  })
  return [['', '', ...Object.keys(details), 'others'], ...rows]
}

const detailed: ReadonlySet<string> = new Set([
  ...Object.values(details),
  'maxMs',
  'othersShare',
  'notAccepted',
])

/** Figures that have no column of their own. */
export function otherRows(all: readonly Series[]): Rows {
  return all.flatMap((series) => {
    const names = new Set(series.rounds.flatMap((figures) => Object.keys(figures)))
    return [...names]
      .filter((name) => !detailed.has(name))
      .map((name) => [series.scenario, name, formatNumber(medianOf(series, name))])
  })
}

function medianOf({ rounds }: Series, figure: string): number | undefined {
  const values = rounds.map((figures) => figures[figure]).filter((value) => typeof value === 'number')
  return values.length === 0 ? undefined : median(values)
}

function withUnit(value: number | undefined, unit: string): string {
  const text = formatNumber(value)
  return text === '' ? '' : text + unit
}

function formatBound({ better }: Requirement, bound: number | null): string {
  if (bound === null) return ''
  return `${better === 'higher' ? '≥' : '≤'} ${bound}`
}

export function formatNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  if (value >= 1_000) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** The first column to the left, numbers to the right. */
export function layOut(rows: Rows): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function toMarkdown([head = [], ...rows]: Rows): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [head, rule, ...rows].map(line).join('\n')
}
