import type { Judged, Series } from './judge.ts'
import type { Requirement } from './scenarios/scenario.ts'
import { median } from './statistics.ts'

export function formatRequirements(all: readonly Judged[], subjects: readonly string[]): string {
  const rows = all.map(({ requirement, medians, value, verdict }) => [
    requirement.what,
    ...subjects.map(
      (subject) => formatNumber(medians[subject]) + (subject in medians ? requirement.unit : ''),
    ),
    requirement.dividedBy === null ? '' : formatNumber(value ?? undefined),
    formatBound(requirement, requirement.must),
    formatBound(requirement, requirement.aim),
    verdict,
  ])
  return layOut([['', ...subjects, 'ratio', 'must', 'aim', 'reached'], ...rows])
}

const costColumns = {
  subject: 'subjectCpuMs',
  store: 'storeCpuMs',
  load: 'loadCpuMs',
  sink: 'sinkCpuMs',
} as const

/** CPU milliseconds for a thousand events: the least noisy figure of a run. */
export function formatCosts(all: readonly Series[]): string {
  const rows = all.map((series) => {
    const at = (figure: string): number | undefined => medianOf(series, figure)
    const others = at('othersShare')
    return [
      series.scenario,
      series.subject,
      ...Object.values(costColumns).map((figure) => formatNumber(at(figure))),
      others === undefined ? '' : `${Math.round(others * 100)} %`,
      formatNumber(at('notAccepted')),
    ]
  })
  const head = ['CPU ms per 1,000 events', '', ...Object.keys(costColumns), 'others', 'not accepted']
  return layOut([head, ...rows])
}

function medianOf({ rounds }: Series, figure: string): number | undefined {
  const values = rounds.map((figures) => figures[figure]).filter((value) => typeof value === 'number')
  return values.length === 0 ? undefined : median(values)
}

function formatBound({ better }: Requirement, bound: number | null): string {
  if (bound === null) return ''
  return `${better === 'higher' ? '≥' : '≤'} ${bound}`
}

function formatNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  if (value >= 1_000) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** The first column to the left, numbers to the right. */
export function layOut(rows: readonly (readonly string[])[]): string {
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
