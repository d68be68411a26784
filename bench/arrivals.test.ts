import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arrivals, arrivedPerSecond } from './arrivals.ts'

test('counts what came in a part of the time', () => {
  const arrivals = new Arrivals()
  const startUs = 5_000_000
  for (let ms = 0; ms < 1_000; ms += 10) arrivals.add(startUs + ms * 1_000)
  for (let ms = 1_000; ms < 20_000; ms += 20) arrivals.add(startUs + ms * 1_000)
  const at = (seconds: number): number => startUs + seconds * 1_000_000
  assert.equal(arrivedPerSecond(arrivals.times(), at(0), at(1)), 100)
  assert.equal(arrivedPerSecond(arrivals.times(), at(1), at(20)), 50)
  assert.equal(arrivedPerSecond(arrivals.times(), at(20), at(30)), 0)
})

test('a window that begins before the first arrival counts all of its time', () => {
  const arrivals = new Arrivals()
  for (let count = 0; count < 100; count++) arrivals.add(2_000_000)
  assert.equal(arrivedPerSecond(arrivals.times(), 1_000_000, 3_000_000), 50)
})

test('without arrivals nothing came', () => {
  assert.equal(arrivedPerSecond(new Arrivals().times(), 0, 1_000_000), 0)
})
