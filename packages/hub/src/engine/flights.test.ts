import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flights } from './flights.ts'
import { delivery } from './lane-testing.ts'
import type { Work } from './window.ts'

const work = (seq: number, epoch: number): Work => ({ delivery: delivery(seq), epoch, event: null })

// Seen to fail with: all that was claimed sent, so that a target got it twice at the same time; the flight left under
// the epoch that is over, so that its outcome ended nothing.
test('what a former epoch sent and still flies is not sent again when it is claimed again', () => {
  const flights = new Flights()
  const [before, landed] = [flights.begin(work(1, 7), 0), flights.begin(work(2, 7), 0)]
  flights.end(landed, 0, false)
  const again = { ...delivery(1), attempts: 1 }

  const toSend = flights.toSend([again, delivery(2), delivery(3)], 8)

  assert.deepEqual(
    toSend.map(({ seq }) => seq),
    [2, 3],
  )
  assert.equal(before.work.epoch, 8)
  assert.equal(before.work.delivery, again)
})

// Seen to fail with: stalled all the same, so that a lane claimed nothing under its new epoch.
test('it is not stalled while something flies that a former epoch sent', () => {
  const flights = new Flights()
  flights.begin(work(1, 7), 0)
  assert.equal(flights.isStalled(1, 7, 5_000), true)
  assert.equal(flights.isStalled(1, 8, 5_000), false)
  flights.toSend([delivery(1)], 8)
  assert.equal(flights.isStalled(1, 8, 5_000), true)
})

// Seen to fail with: counted from the last landing only, so that the first to fly after a quiet hour were stalled; with a slot left.
test('it is stalled when all that may fly does and nothing was answered for a second', () => {
  const flights = new Flights()
  const hourMs = 3_600_000
  flights.end(flights.begin(work(1, 7), 0), 10, false)
  const first = flights.begin(work(2, 7), hourMs)
  assert.equal(flights.isStalled(2, 7, hourMs + 5_000), false)
  flights.begin(work(3, 7), hourMs + 600)
  assert.deepEqual(
    [1_000, 1_001].map((afterMs) => flights.isStalled(2, 7, hourMs + afterMs)),
    [false, true],
  )
  flights.end(first, hourMs + 1_500, false)
  flights.begin(work(4, 7), hourMs + 1_500)
  assert.deepEqual(
    [2_500, 2_501].map((afterMs) => flights.isStalled(2, 7, hourMs + afterMs)),
    [false, true],
  )
})

// Seen to fail with: unstalled by any landing, so that lanes whose circuits were about to open took hundreds of rows
// into memory and had to free them.
test('it stays stalled while what lands does so because its time is over', () => {
  const flights = new Flights()
  const hung = flights.begin(work(1, 7), 0)
  flights.end(hung, 15_000, true)
  const next = flights.begin(work(2, 7), 15_000)
  assert.equal(flights.isStalled(1, 7, 15_001), true)
  flights.end(next, 15_500, false)
  flights.begin(work(3, 7), 15_500)
  assert.equal(flights.isStalled(1, 7, 15_501), false)
})
