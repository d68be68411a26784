import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { until } from '../testing/until.ts'
import { Deadlines, type Timed } from './deadlines.ts'

class Errand implements Timed {
  place = 0
  readonly untilMs: number
  lateMs: number | null = null
  readonly #all: Deadlines<Errand>

  constructor(withinMs: number, all: Deadlines<Errand>) {
    this.untilMs = performance.now() + withinMs
    this.#all = all
    all.add(this)
  }

  timedOut(): void {
    this.lateMs = performance.now() - this.untilMs
    this.#all.delete(this)
  }
}

// Seen to fail with: the timer set for the first one only; never set again after it rang.
test('each is told when its time is up, whatever the order in which they began, and never before', async () => {
  const all = new Deadlines<Errand>()
  const errands = [60, 20, 100, 20, 40].map((withinMs) => new Errand(withinMs, all))
  await until('all are told', () => all.size === 0)
  for (const { lateMs } of errands) assert.ok(lateMs !== null && lateMs >= 0, String(lateMs))
})

// Seen to fail with: one that ended told as well.
test('who is done in time hears nothing', async () => {
  const all = new Deadlines<Errand>()
  const [done, late] = [new Errand(20, all), new Errand(40, all)]
  all.delete(done)
  await until('the other one is told', () => late.lateMs !== null)
  assert.equal(done.lateMs, null)
})

// Seen to fail with: a timer for each.
test('thousands that come and go share one timer', () => {
  const timers = mock.method(globalThis, 'setTimeout')
  try {
    const all = new Deadlines<Errand>()
    for (let count = 0; count < 1_000; count++) all.delete(new Errand(60_000, all))
    assert.equal(timers.mock.callCount(), 1)
  } finally {
    timers.mock.restore()
  }
})
