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
  const [before, landed] = [flights.begin(work(1, 7)), flights.begin(work(2, 7))]
  flights.end(landed)
  const again = { ...delivery(1), attempts: 1 }

  const toSend = flights.toSend([again, delivery(2), delivery(3)], 8)

  assert.deepEqual(
    toSend.map(({ seq }) => seq),
    [2, 3],
  )
  assert.equal(before.work.epoch, 8)
  assert.equal(before.work.delivery, again)
})
