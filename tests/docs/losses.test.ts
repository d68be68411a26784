import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { root, textOf } from './snippets.ts'

const losses = '## Losses others had, and the test that would show each'
const invariants = '## Invariants, and the test that guards each'

interface Named {
  readonly file: string
  readonly name: string
}

/** The rows of the table under a heading, each with the tests that it names. */
function readTable(heading: string): readonly (readonly Named[])[] {
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
  const rows = readTable(losses)
  assert.ok(rows.length > 10)
  assert.ok(rows.every((tests) => tests.length > 0))
  assert.deepEqual(
    rows.flat().filter((named) => !isThere(named)),
    [],
  )
})

test('every invariant names tests that are in their files, which say with what bug they were seen to fail', () => {
  const rows = readTable(invariants)
  assert.equal(rows.length, 10)
  assert.ok(rows.every((tests) => tests.every(wasSeenToFail)))
  assert.deepEqual(
    rows.flat().filter((named) => !isThere(named)),
    [],
  )
})

function wasSeenToFail({ file, name }: Named): boolean {
  const lines = fs.readFileSync(path.join(root, file), 'utf8').split('\n')
  const at = lines.findIndex((line) => line.includes(name))
  // A name that is too long for its line stands below `test(`.
  const comment = lines.slice(0, at).findLastIndex((line) => !/^\s*(\/\/|test\($)/.test(line))
  return lines.slice(comment + 1, at).some((line) => line.includes('Seen to fail with'))
}
