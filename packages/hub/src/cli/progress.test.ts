import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProgressBar } from './progress.ts'
import { memoryOutput } from './testing.ts'

test('a terminal shows how far it is, on one line', () => {
  const output = memoryOutput({ columns: 100 })
  const bar = new ProgressBar(output)
  bar.show(2_500, 10_000)
  bar.show(10_000, 10_000)
  bar.end()
  assert.match(output.text, /█{8}░{22} 25 % {2}2,500 of 10,000, [\d,]+\/s, \d+ (s|min) left/)
  assert.match(output.text, /█{30} 100 % {2}10,000 of 10,000/)
  assert.equal(output.text.includes('\n'), false)
  assert.ok(output.text.endsWith('\r\u001b[2K'))
})

test('an unknown end has no bar', () => {
  const output = memoryOutput({ columns: 100 })
  new ProgressBar(output).show(300, null)
  assert.match(output.text, /300 so far/)
})

test('elsewhere nothing is written', () => {
  const output = memoryOutput()
  const bar = new ProgressBar(output)
  bar.show(1, 2)
  bar.end()
  assert.equal(output.text, '')
})
