import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventTime } from '../core/ids.ts'
import { EventIds } from './event-ids.ts'

const nowMs = Date.UTC(2030, 0, 1)
const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const timeMsOf = (id: string): number => eventTime(id).getTime()

// Seen to fail with: an id drawn afresh for each event; what goes beyond 32 bits dropped.
test('ids of one millisecond ascend', () => {
  const ids = new EventIds()
  let last = ''
  for (let count = 0; count < 10_000; count++) {
    const id = ids.next(nowMs)
    assert.match(id, idPattern)
    assert.ok(id > last, `${id} after ${last}`)
    assert.equal(timeMsOf(id), nowMs)
    last = id
  }
})

// Seen to fail with: version or variant counted as digits; the carry into the upper bits or into the time left out.
test('an id that follows another in the same millisecond is that one plus a small number', () => {
  const anyRandom = fc.array(fc.oneof(fc.constant(0xff), fc.integer({ min: 0, max: 0xff })), {
    minLength: 20,
    maxLength: 20,
  })
  fc.assert(
    fc.property(anyRandom, (random) => {
      const ids = new EventIds((pool) => Buffer.from(random).copy(pool))
      const [first, second] = [ids.next(nowMs), ids.next(nowMs)]
      assert.match(first, idPattern)
      assert.match(second, idPattern)
      const increase = numberOf(second) - numberOf(first)
      assert.ok(increase > 0n && increase <= 2n ** 24n, `${first} + ${increase} = ${second}`)
    }),
    { seed: 20_26, numRuns: 1_000, examples: [[Array.from({ length: 20 }, () => 0xff)]] },
  )
})

/** Without its version and variant. */
function numberOf(id: string): bigint {
  const bits = BigInt(`0x${id.replaceAll('-', '')}`)
    .toString(2)
    .padStart(128, '0')
  return BigInt(`0b${bits.slice(0, 48)}${bits.slice(52, 64)}${bits.slice(66)}`)
}

// Seen to fail with: any earlier time followed; none followed.
test('a clock that is put back a little is waited for, one that is put back far is followed', () => {
  const ids = new EventIds()
  const first = ids.next(nowMs)
  const second = ids.next(nowMs - 1_000)
  assert.ok(second > first)
  assert.equal(timeMsOf(second), nowMs)
  assert.equal(timeMsOf(ids.next(nowMs - 1_001)), nowMs - 1_001)
  assert.equal(timeMsOf(ids.next(nowMs + 1)), nowMs + 1)
})
