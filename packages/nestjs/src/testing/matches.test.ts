import assert from 'node:assert/strict'
import { it } from 'node:test'
import { matches } from './matches.ts'

it('lets objects hold more than is expected of them, and nothing else', () => {
  const actual = { id: '7', payload: { amount: 100, lines: [{ sku: 'a', count: 1 }] }, at: new Date(0) }
  for (const expected of [
    {},
    { id: '7' },
    { payload: {} },
    { payload: { amount: 100 } },
    { payload: { lines: [{ sku: 'a', count: 1 }] } },
    { at: new Date(0) },
    { missing: undefined },
  ])
    assert.equal(matches(actual, expected), true, JSON.stringify(expected))
  for (const expected of [
    { id: 7 },
    { payload: { amount: 99 } },
    { payload: { lines: [{ sku: 'a' }] } },
    { payload: { lines: [] } },
    { payload: null },
    { at: new Date(1) },
    { missing: {} },
  ])
    assert.equal(matches(actual, expected), false, JSON.stringify(expected))
})
