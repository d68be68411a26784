import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { root, textOf } from './snippets.ts'

const heading = '## Losses others had, and the test that would show each'

interface Named {
  readonly file: string
  readonly name: string
}

/** The rows of the table, each with the tests that it names. */
function readTable(): readonly (readonly Named[])[] {
  const [, after = ''] = textOf('docs/reliability.md').split(heading)
  const [section = ''] = after.split('\n## ')
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map(testsIn)
}

function testsIn(row: string): readonly Named[] {
  let file = ''
  return [...row.matchAll(/\[`([^`]+)`\]|“([^”]+)”/g)].flatMap(([, found, name]) => {
    file = found ?? file
    return name === undefined ? [] : [{ file, name }]
  })
}

function isThere({ file, name }: Named): boolean {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  return ["'", '`'].some((quote) =>
    new RegExp(`\\b(test|it|describeClient)\\(\\s*${literal(quote + name + quote)}`).test(text),
  )
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

test('every loss that the table lists names a test, and each of these is in its file', () => {
  const rows = readTable()
  assert.ok(rows.length > 10)
  assert.ok(rows.every((tests) => tests.length > 0))
  assert.deepEqual(
    rows.flat().filter((named) => !isThere(named)),
    [],
  )
})
