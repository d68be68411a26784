import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeTable, type Column } from './table.ts'
import { memoryOutput } from './testing.ts'

interface Row {
  readonly type: string
  readonly count: number
  readonly id: string
}

const rows: readonly Row[] = [
  { type: 'a type with a rather long name', count: 7, id: '01a1fc3f-8171' },
  { type: 'short', count: 1_234, id: '01a1fc3f-7e46' },
]
const columns: readonly Column<Row>[] = [
  { title: 'TYPE', value: ({ type }) => type },
  { title: 'COUNT', value: ({ count }) => count, align: 'right' },
  { title: 'ID', value: ({ id }) => id, whole: true },
]

function table(width: number | null, of = rows): string[] {
  const output = memoryOutput({ columns: width })
  writeTable(output, of, columns)
  return output.text.split('\n')
}

test('where there is no terminal every cell is whole', () => {
  assert.deepEqual(table(null), [
    'TYPE                            COUNT  ID',
    'a type with a rather long name      7  01a1fc3f-8171',
    'short                            1234  01a1fc3f-7e46',
    '',
  ])
})

test('in a terminal the widest column gives way, and ids stay whole', () => {
  const lines = table(36)
  assert.ok(lines.every((line) => line.length <= 36))
  assert.equal(lines[1], 'a type with a…      7  01a1fc3f-8171')
})

test('what is dispensable goes before anything is cut too short', () => {
  const output = memoryOutput({ columns: 22 })
  const [type, count, id] = columns
  assert.ok(type && count && id)
  writeTable(output, rows, [type, { ...count, dispensable: true }, id])
  assert.deepEqual(output.text.split('\n').slice(0, 2), ['TYPE     ID', 'a type…  01a1fc3f-8171'])
})

test('too narrow for anything it is wider than the terminal rather than without ids', () => {
  assert.ok(table(10)[1]?.endsWith('01a1fc3f-8171'))
})

test('nothing in a cell breaks the table', () => {
  const hostile = [{ type: 'two\nlines \u001b[31m', count: 0, id: 'x' }]
  assert.match(table(null, hostile)[1] ?? '', /^two lines \\x1b\[31m +0 {2}x$/)
})
