import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleOutcome } from '../core/outcome-testing.ts'
import { Feed, type FeedItem } from './feed.ts'
import { delivery } from './lane-testing.ts'
import { Telemetry } from './telemetry.ts'

const minuteMs = 60_000

// Seen to fail with: failed attempts that nobody saw not counted.
test('who was away too long is told so, whatever it was that happened meanwhile', (t) => {
  const clock = t.mock.method(performance, 'now', () => 0)
  const telemetry = new Telemetry(assert.ifError)
  const feed = new Feed(telemetry)
  const seen: FeedItem[] = []
  const first = feed.watch(null, (item) => seen.push(item))
  telemetry.emit('acted', { actor: 'admin', action: 'integration.pause', subject: 'integrations/billing' })
  first.leave()
  const lastId = seen.at(-1)?.id ?? assert.fail()
  clock.mock.mockImplementation(() => 2 * minuteMs)
  const back = (): boolean => {
    const { gap, leave } = feed.watch(lastId, () => undefined)
    leave()
    return gap
  }
  assert.equal(back(), false)
  clock.mock.mockImplementation(() => 4 * minuteMs)
  telemetry.emit('attempt', {
    ...{ integrationId: 1, integration: 'billing', delivery: delivery(1), asProbe: false },
    ...{ outcome: sampleOutcome(), verdict: { next: 'retry', inMs: 0, counts: true } },
  })
  assert.equal(back(), true)
  feed.stop()
})
