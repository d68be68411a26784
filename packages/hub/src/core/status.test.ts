import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  deliveryStatus,
  deliveryStatuses,
  eventStatus,
  waitingFor,
  type DeliveryState,
  type DeliveryStatus,
  type EventStatus,
} from './status.ts'

function delivery(status: DeliveryStatus, attempts: number, integrationId = 1, seq = 1): DeliveryState {
  return { integrationId, seq, status, attempts }
}

test('an event that no integration wanted is unrouted', () => {
  assert.equal(eventStatus([]), 'UNROUTED')
})

const single: readonly [DeliveryStatus, number, EventStatus][] = [
  ['PENDING', 0, 'PENDING'],
  ['PENDING', 1, 'PROCESSING'],
  ['PROCESSING', 0, 'PROCESSING'],
  ['PROCESSING', 3, 'PROCESSING'],
  ['DELIVERED', 1, 'DELIVERED'],
  ['DEAD', 20, 'FAILED'],
  ['DEAD', 0, 'FAILED'],
  ['MANUAL', 20, 'FAILED'],
  ['CANCELLED', 0, 'DELIVERED'],
  ['CANCELLED', 2, 'DELIVERED'],
]
for (const [status, attempts, expected] of single) {
  test(`one delivery ${status} after ${attempts} attempts makes an event ${expected}`, () => {
    assert.equal(eventStatus([delivery(status, attempts)]), expected)
  })
}

/** What a pair comes to, whichever is first. */
const pairs: readonly [DeliveryState, DeliveryState, EventStatus][] = [
  [delivery('PENDING', 0), delivery('PENDING', 0, 2), 'PENDING'],
  [delivery('PENDING', 0), delivery('PENDING', 2, 2), 'PROCESSING'],
  [delivery('PENDING', 0), delivery('PROCESSING', 0, 2), 'PROCESSING'],
  [delivery('PENDING', 0), delivery('DELIVERED', 1, 2), 'PROCESSING'],
  [delivery('PENDING', 0), delivery('DEAD', 5, 2), 'PROCESSING'],
  [delivery('PENDING', 0), delivery('CANCELLED', 0, 2), 'PENDING'],
  [delivery('DEAD', 5), delivery('DELIVERED', 1, 2), 'FAILED'],
  [delivery('MANUAL', 5), delivery('CANCELLED', 1, 2), 'FAILED'],
  [delivery('DELIVERED', 5), delivery('CANCELLED', 1, 2), 'DELIVERED'],
]
for (const [one, other, expected] of pairs) {
  test(`${one.status} (${one.attempts}) and ${other.status} (${other.attempts}) make an event ${expected}`, () => {
    assert.equal(eventStatus([one, other]), expected)
    assert.equal(eventStatus([other, one]), expected)
  })
}

test('only the latest delivery of an integration counts', () => {
  const first = delivery('DEAD', 5, 1, 10)
  const again = delivery('DELIVERED', 1, 1, 20)
  assert.equal(eventStatus([first, again]), 'DELIVERED')
  assert.equal(eventStatus([again, first]), 'DELIVERED')
  assert.equal(eventStatus([again, first, delivery('PENDING', 0, 1, 30)]), 'PENDING')
})

const anyDelivery = fc.record({
  integrationId: fc.integer({ min: 1, max: 3 }),
  seq: fc.integer({ min: 1, max: 1_000 }),
  status: fc.constantFrom(...deliveryStatuses),
  attempts: fc.integer({ min: 0, max: 3 }),
})
const anyDeliveries = fc.uniqueArray(anyDelivery, {
  selector: ({ integrationId, seq }) => `${integrationId}.${seq}`,
  maxLength: 8,
})

test('whatever the order, an event has one status, and it never looks ended before it is', () => {
  fc.assert(
    fc.property(anyDeliveries, (deliveries) => {
      const status = eventStatus(deliveries)
      assert.equal(eventStatus(deliveries.toReversed()), status)
      const byIntegration = Map.groupBy(deliveries, ({ integrationId }) => integrationId)
      const latest = [...byIntegration.values()].map((all) => all.reduce((a, b) => (a.seq > b.seq ? a : b)))
      const hasUnended = latest.some((one) => one.status === 'PENDING' || one.status === 'PROCESSING')
      assert.equal(status === 'PENDING' || status === 'PROCESSING', hasUnended)
      const needsPerson = latest.some((one) => one.status === 'DEAD' || one.status === 'MANUAL')
      assert.equal(status === 'FAILED', !hasUnended && needsPerson)
      assert.equal(status === 'UNROUTED', deliveries.length === 0)
    }),
  )
})

test('a delivery is in flight only where its row still is', () => {
  assert.equal(deliveryStatus('queue', true), 'PROCESSING')
  assert.equal(deliveryStatus('queue', false), 'PENDING')
  assert.equal(deliveryStatus('delivered', true), 'DELIVERED')
  assert.equal(deliveryStatus('resolved', false), 'DELIVERED')
})

test('what is known of no place is not taken for ended', () => {
  assert.equal(deliveryStatus('unknown', false), 'PENDING')
})

const now = new Date('2030-01-01T00:00:00Z')
const soon = new Date(now.getTime() + 1)
const free = { isPaused: false, isCircuitOpen: false, isRateLimited: false }
const fresh = { due: null, attempts: 0, isBehindOther: false }

const waits: readonly [string, Parameters<typeof waitingFor>, string][] = [
  ['nothing stands in its way', [fresh, free, now], 'turn'],
  ['it was due before', [{ ...fresh, due: now, attempts: 1 }, free, now], 'turn'],
  ['its next try is due later', [{ ...fresh, due: soon, attempts: 1 }, free, now], 'retry'],
  ['it was sent to be delivered later', [{ ...fresh, due: soon }, free, now], 'time'],
  ['its integration is paused', [fresh, { ...free, isPaused: true, isCircuitOpen: true }, now], 'paused'],
  [
    'the circuit is open',
    [{ ...fresh, isBehindOther: true }, { ...free, isCircuitOpen: true }, now],
    'circuit',
  ],
  ['an earlier one of its subject waits', [{ ...fresh, isBehindOther: true }, free, now], 'order'],
  ['the rate is used up', [fresh, { ...free, isRateLimited: true }, now], 'rate'],
  [
    'its own time is later than all of it',
    [{ ...fresh, due: soon }, { ...free, isPaused: true }, now],
    'time',
  ],
]
for (const [when, given, expected] of waits) {
  test(`it waits for ${expected} when ${when}`, () => {
    assert.equal(waitingFor(...given), expected)
  })
}
