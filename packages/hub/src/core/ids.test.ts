import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  createEventId,
  eventTime,
  firstEventIdAt,
  formatDeliveryId,
  formatUuid,
  isUuid,
  parseDeliveryId,
  uuidBytes,
} from './ids.ts'

const seed = 20_26
const anyTimeMs = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) })
const anyRandom = fc.uint8Array({ minLength: 10, maxLength: 10 }).map((bytes) => Buffer.from(bytes))
const anyEventId = fc.tuple(anyTimeMs, anyRandom).map(([timeMs, random]) => createEventId(timeMs, random))

// Seen to fail with: version or variant bits left random; the time written little-endian.
test('an event id is a version 7 UUID that holds its time', () => {
  fc.assert(
    fc.property(anyTimeMs, anyRandom, (timeMs, random) => {
      const id = createEventId(timeMs, random)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.ok(isUuid(id))
      assert.equal(eventTime(id).getTime(), timeMs)
      assert.equal(formatUuid(uuidBytes(id)), id)
    }),
    { seed, numRuns: 1_000 },
  )
})

// Seen to fail with: random bits beyond the first two bytes left out.
test('ids of one millisecond differ wherever their random bits do', () => {
  const ids = Array.from({ length: 10 }, (_, index) => {
    const random = Buffer.alloc(10)
    // The lower half of the first byte and two bits of the third give way to version and variant.
    random[index] = 0x10
    return createEventId(1, random)
  })
  assert.equal(new Set(ids).size, 10)
})

// Seen to fail with: `firstEventIdAt` one millisecond late.
test('ids sort by time, and no id of a time comes before the first of that time', () => {
  fc.assert(
    fc.property(anyTimeMs, anyTimeMs, anyRandom, anyRandom, (aMs, bMs, aRandom, bRandom) => {
      const [a, b] = [createEventId(aMs, aRandom), createEventId(bMs, bRandom)]
      if (aMs < bMs) assert.ok(a < b)
      assert.ok(firstEventIdAt(new Date(aMs)) <= a)
      assert.ok(aMs === 0 || createEventId(aMs - 1, bRandom) < firstEventIdAt(new Date(aMs)))
    }),
    { seed, numRuns: 1_000 },
  )
})

const anyKey = fc.record(
  {
    eventId: anyEventId,
    integrationId: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    seq: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  },
  { noNullPrototype: true },
)

// Seen to fail with: nine digits of an integration; ten digits of a seq; the seq written in base 10.
test('every delivery has a name that fits a URL path and reads back', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      const name = formatDeliveryId(key)
      assert.equal(encodeURIComponent(name), name)
      assert.deepEqual(parseDeliveryId(name), key)
    }),
    { seed, numRuns: 1_000 },
  )
})

// Seen to fail with: the anchors left out of the pattern; the bounds left out.
test('what names no delivery, or none that the store could hold, is none', () => {
  const id = createEventId(Date.UTC(2030, 0, 1), Buffer.alloc(10, 0xab))
  const wrong = [
    '',
    id,
    `${id}.1`,
    `${id}.1.`,
    `${id}.x.1`,
    `${id}.-1.1`,
    `${id}.1.1.1`,
    ` ${id}.1.1`,
    `${id}.1.1 `,
  ]
  const tooLarge = [`${id}.${2 ** 31}.1`, `${id}.1.${(2 ** 53).toString(36)}`, `${id}.1.zzzzzzzzzzzz`]
  const noEvent = ['------------------------------------.1.1', `${id.toUpperCase()}.1.1`]
  for (const text of [...wrong, ...tooLarge, ...noEvent]) assert.equal(parseDeliveryId(text), null, text)
})
