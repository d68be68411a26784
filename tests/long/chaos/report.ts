import { layOut } from '../../../bench/table.ts'

export interface Played {
  readonly what: string
  /** Until the nodes were ready again. */
  readonly tookMs: number
  /** Deliveries that were owed then. */
  readonly owed: number
}

export function formatFaults(played: readonly Played[]): string {
  const rows = [...Map.groupBy(played, ({ what }) => what)].map(([what, group]) => {
    const tookMs = group.map((fault) => fault.tookMs).toSorted((one, other) => one - other)
    const middle = tookMs[Math.floor(tookMs.length / 2)] ?? 0
    return [what, group.length, middle, tookMs.at(-1) ?? 0, Math.max(...group.map(({ owed }) => owed))]
  })
  const body = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? Math.round(cell).toLocaleString('en') : cell)),
  )
  return layOut([['fault', 'times', 'ms until ready, median', 'max', 'owed then, at most'], ...body])
}
