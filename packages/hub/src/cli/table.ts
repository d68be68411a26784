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
  /** Left out where the terminal is too narrow for all. */
  readonly dispensable?: true
}

const gap = '  '
const narrowest = 6

/** Rows as a table that fits the terminal; where there is none, every cell is whole. */
export function writeTable<Row>(output: Output, rows: readonly Row[], columns: readonly Column<Row>[]): void {
  const measured = columns.map((column) => measure(column, rows))
  const shown = output.columns === null ? measured : fit(measured, output.columns)
  const title = shown.map((column, index) => cell(column, column.title, index === shown.length - 1))
  output.write(`${output.paint('dim', title.join(gap).trimEnd())}\n`)
  rows.forEach((row, line) => {
    const texts = shown.map((column, index) => {
      const text = cell(column, column.cells[line] ?? '', index === shown.length - 1)
      return column.paint ? column.paint(text, row) : text
    })
    output.write(`${texts.join(gap).trimEnd()}\n`)
  })
}

interface Measured<Row> extends Column<Row> {
  readonly cells: readonly string[]
  readonly width: number
}

function measure<Row>(column: Column<Row>, rows: readonly Row[]): Measured<Row> {
  const cells = rows.map((row) => oneLine(String(column.value(row) ?? '-')))
  const width = Math.max(widthOf(column.title), ...cells.map(widthOf))
  return { ...column, cells, width }
}

function cell<Row>({ width, align }: Measured<Row>, text: string, isLast: boolean): string {
  const short = cut(text, width)
  if (align === 'right') return ' '.repeat(width - widthOf(short)) + short
  return isLast ? short : padded(short, width)
}

/** Leaves out what is dispensable, then takes from the widest, until all fits or nothing more can be done. */
function fit<Row>(columns: readonly Measured<Row>[], terminalColumns: number): readonly Measured<Row>[] {
  const least = columns.map(({ whole, width }) => (whole ? width : Math.min(narrowest, width)))
  const dispensable = columns.findLastIndex((column) => column.dispensable)
  if (totalOf(least) > terminalColumns && dispensable >= 0)
    return fit(columns.toSpliced(dispensable, 1), terminalColumns)
  const widths = columns.map(({ width }) => width)
  while (totalOf(widths) > terminalColumns) {
    const spare = widths.map((width, index) => (width > (least[index] ?? 0) ? width : 0))
    const widest = Math.max(...spare)
    if (widest === 0) break
    widths[spare.indexOf(widest)] = widest - 1
  }
  return columns.map((column, index) => ({ ...column, width: widths[index] ?? 0 }))
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + gap.length, -gap.length)
}
