import type { Output } from './output.ts'
import { cut, oneLine, padded, widthOf } from './text.ts'

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string | number | null
  /** Colours the cell after it was made to fit. */
  readonly paint?: (text: string, row: Row) => string
  readonly align?: 'right'
  /** Never cut: without the whole of it the cell is worth nothing. */
  readonly whole?: true
}

const gap = '  '
const narrowest = 6

/** Rows as a table that fits the terminal; where there is none, every cell is whole. */
export function writeTable<Row>(output: Output, rows: readonly Row[], columns: readonly Column<Row>[]): void {
  const cells = rows.map((row) => columns.map(({ value }) => oneLine(String(value(row) ?? '-'))))
  const wanted = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...cells.map((line) => widthOf(line[index] ?? ''))),
  )
  const widths = output.columns === null ? wanted : fit(wanted, columns, output.columns)
  const fitted = (text: string, index: number): string => {
    const width = widths[index] ?? 0
    const short = cut(text, width)
    if (columns[index]?.align === 'right') return ' '.repeat(width - widthOf(short)) + short
    return index === columns.length - 1 ? short : padded(short, width)
  }
  const title = columns.map((column, index) => fitted(column.title, index)).join(gap)
  output.write(`${output.paint('dim', title.trimEnd())}\n`)
  rows.forEach((row, line) => {
    const texts = columns.map(({ paint }, index) => {
      const text = fitted(cells[line]?.[index] ?? '', index)
      return paint ? paint(text, row) : text
    })
    output.write(`${texts.join(gap).trimEnd()}\n`)
  })
}

/** Takes from the widest that may be cut, until all fit or nothing more can be taken. */
function fit(
  wanted: readonly number[],
  columns: readonly { readonly whole?: true }[],
  terminalColumns: number,
): readonly number[] {
  const widths = [...wanted]
  let tooMany = widths.reduce((sum, width) => sum + width + gap.length, -gap.length) - terminalColumns
  while (tooMany > 0) {
    const cuttable = widths.map((width, index) => (columns[index]?.whole || width <= narrowest ? 0 : width))
    const widest = Math.max(...cuttable)
    if (widest === 0) break
    const index = cuttable.indexOf(widest)
    widths[index] = widest - 1
    tooMany--
  }
  return widths
}
