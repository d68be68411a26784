import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const words = ['dry-run', 'prune', 'json', 'help']

test('a slip of the fingers finds what was meant', () => {
  assert.equal(nearest('dryrun', words), 'dry-run')
  assert.equal(nearest('prnue', words), 'prune')
  assert.equal(nearest('jsno', words), 'json')
  assert.equal(nearest('help', words), 'help')
})

test('what is like nothing finds nothing', () => {
  assert.equal(nearest('xyzzyxyzzy', words), undefined)
  assert.equal(nearest('anything', []), undefined)
})
