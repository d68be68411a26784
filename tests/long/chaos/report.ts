import { layOut } from '../../../bench/table.ts'
import { middleAndMost } from '../crash/report.ts'

export interface Played {
  readonly what: string
  /** Until it was over and the nodes were ready again. */
  readonly tookMs: number
  /** Deliveries that were owed then. */
  readonly owed: number
  /** From then on until those had arrived; null: they have not. */
  recoveredMs: number | null
}

export function formatFaults(played: readonly Played[]): string {
  const kinds = [...Map.groupBy(played, ({ what }) => what)].toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  )
  const groups: readonly (readonly [string, readonly Played[]])[] = [...kinds, ['all', played]]
  const rows = groups.map(([what, group]) => {
    const recovered = group.flatMap(({ recoveredMs }) => recoveredMs ?? [])
    return [
      what,
      group.length,
      ...middleAndMost(group.map(({ tookMs }) => tookMs)),
      group.reduce((most, { owed }) => Math.max(most, owed), 0),
      ...middleAndMost(recovered),
    ]
  })
  const body = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? Math.round(cell).toLocaleString('en') : cell)),
  )
  const head = ['fault', 'times', 'ms until ready, median', 'max', 'owed then, at most']
  return layOut([[...head, 'ms until that arrived, median', 'max'], ...body])
}
