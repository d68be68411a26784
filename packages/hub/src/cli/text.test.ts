import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cut, duration, harmless, oneLine, padded, wrapped } from './text.ts'

test('what others sent does not steer the terminal', () => {
  assert.equal(harmless('a\u001b[2Jb\u0007\u009b\u007f'), 'a\\x1b[2Jb\\x07\\x9b\\x7f')
  assert.equal(harmless('two\nlines\tand a tab'), 'two\nlines\tand a tab')
  assert.equal(oneLine('two\n\nlines\r\nof\ttext'), 'two lines of text')
})

test('cutting counts what a reader sees', () => {
  assert.equal(cut('delivery', 8), 'delivery')
  assert.equal(cut('delivery', 5), 'deli…')
  assert.equal(cut('👍🏽👍🏽👍🏽', 2), '👍🏽…')
  assert.equal(padded('👍🏽', 3), '👍🏽  ')
})

test('durations are short', () => {
  const shown = [400, 59_000, 61_000, 2 * 3_600_000, 3 * 86_400_000].map(duration)
  assert.deepEqual(shown, ['0 s', '59 s', '1 min', '2 h', '3 d'])
})

test('lines break between words only', () => {
  assert.deepEqual(wrapped('one two three', 7), ['one two', 'three'])
  assert.deepEqual(wrapped('averylongword a', 4), ['averylongword', 'a'])
  assert.deepEqual(wrapped('first\n\nsecond', 80), ['first', '', 'second'])
})
