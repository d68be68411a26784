import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRfc3339 } from './rfc3339.ts'

test('times in any zone and precision are read', () => {
  const times: Readonly<Record<string, string>> = {
    '2018-04-05T17:31:00Z': '2018-04-05T17:31:00.000Z',
    '2018-04-05t17:31:00.5z': '2018-04-05T17:31:00.500Z',
    '2018-04-05T17:31:00.57Z': '2018-04-05T17:31:00.570Z',
    '2018-04-05T17:31:00.123456789+03:00': '2018-04-05T14:31:00.123Z',
    '2018-04-05T17:31:00.9-03:30': '2018-04-05T21:01:00.900Z',
    '2018-12-31T23:59:60Z': '2019-01-01T00:00:00.000Z',
    '2024-02-29T00:00:00Z': '2024-02-29T00:00:00.000Z',
    '0000-01-01T00:00:00Z': '0000-01-01T00:00:00.000Z',
    '0099-01-01T00:00:00Z': '0099-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59Z': '9999-12-31T23:59:59.000Z',
    '0000-01-01T00:00:00-00:01': '0000-01-01T00:01:00.000Z',
    '9999-12-31T23:59:59+23:59': '9999-12-31T00:00:59.000Z',
  }
  for (const [text, expected] of Object.entries(times))
    assert.equal(parseRfc3339(text)?.toISOString(), expected)
})

test('what RFC 3339 does not allow is no time', () => {
  const wrong = [
    '',
    '2018-04-05',
    '2018-04-05T17:31:00',
    '2018-04-05T17:31Z',
    '2018-04-05 17:31:00Z',
    '1522949460',
  ]
  wrong.push('2018-02-29T00:00:00Z', '2018-13-01T00:00:00Z', '2018-00-01T00:00:00Z', '2018-04-31T00:00:00Z')
  wrong.push(
    '2018-04-05T24:00:00Z',
    '2018-04-05T23:60:00Z',
    '2018-04-05T23:59:61Z',
    '2018-04-05T17:31:00+24:00',
  )
  wrong.push(
    '2018-04-05T17:31:00.Z',
    '2018-04-05T17:31:00+0300',
    ' 2018-04-05T17:31:00Z',
    '2018-04-05T17:31:00Z\n',
  )
  for (const text of wrong) assert.equal(parseRfc3339(text), null, text)
})

// Seen to fail with: an offset that leads to the year 10000, or before the year 0, taken.
test('a time that is outside of four digits in UTC is none', () => {
  for (const text of ['9999-12-31T23:59:59-23:59', '0000-01-01T00:00:00+23:59', '9999-12-31T23:59:60Z'])
    assert.equal(parseRfc3339(text), null, text)
})
