import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences } from './differences.ts'

test('what differs is told by its path', () => {
  const before = { same: [1], retry: { attempts: 3, jitter: 0 }, gone: 'x', 'a/b': 1 }
  const after = { same: [1], retry: { attempts: 4, jitter: 0 }, new: null, 'a/b': 2 }
  assert.deepEqual(differences(before, after), [
    { path: '/retry/attempts', from: 3, to: 4 },
    { path: '/gone', from: 'x' },
    { path: '/a~1b', from: 1, to: 2 },
    { path: '/new', to: null },
  ])
})

test('equal values do not differ, whatever the order of their fields', () => {
  assert.deepEqual(differences({ a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }), [])
})

test('lists are compared as a whole', () => {
  assert.deepEqual(differences({ a: [1, 2] }, { a: [2] }), [{ path: '/a', from: [1, 2], to: [2] }])
})
