import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localTime, timeOption } from './times.ts'

test('a time may be given as such or as a distance', () => {
  assert.equal(timeOption('--from', undefined), undefined)
  assert.equal(timeOption('--from', '2026-01-31T12:00:00Z'), '2026-01-31T12:00:00Z')
  const distanceMs = (text: string, direction: 'past' | 'future') =>
    Math.round((Date.parse(timeOption('--from', text, direction) ?? '') - Date.now()) / 1_000) * 1_000
  assert.equal(distanceMs('90s', 'past'), -90_000)
  assert.equal(distanceMs('15m', 'past'), -900_000)
  assert.equal(distanceMs('24h', 'future'), 86_400_000)
  assert.equal(distanceMs('7d', 'future'), 7 * 86_400_000)
})

test('anything else is refused with examples', () => {
  for (const text of ['yesterday', '7', '1w', '-1h', '2026-01-31', ''])
    assert.throws(
      () => timeOption('--from', text),
      /--from must be a time such as 2026-01-31T12:00:00Z, or a distance/,
    )
})

test('tables show local time to the second', () => {
  assert.match(localTime('2026-01-31T12:34:56.789Z'), /^2026-\d\d-\d\d \d\d:\d\d:56$/)
  assert.equal(localTime(null), '-')
})
