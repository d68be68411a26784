import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sampleEvent } from '../core/event-testing.ts'
import { claimedRows, rowBytes, Window, windowRows, type Work } from './window.ts'

const seed = 20_26
const maxBytes = 10_000
const maxBodyBytes = 15_000

function work(seq: number, bodyBytes: number, event: Work['event']): Work {
  const delivery = {
    integrationId: 1,
    seq,
    eventId: sampleEvent().id,
    bodyBytes,
    due: null,
    attempts: 0,
    counted: 0,
    forgiven: 0,
    subjectKey: null,
    restartedAt: null,
    replayId: null,
  }
  return { delivery, epoch: 1, event }
}

type Step =
  | { readonly does: 'hand over'; readonly bodyBytes: number }
  | { readonly does: 'claim'; readonly bodyBytes: readonly number[] }
  | { readonly does: 'load'; readonly maxCount: number }
  | { readonly does: 'send' | 'land' | 'take some out' | 'forget' | 'reserve in vain' }

const anyBytes = fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: maxBodyBytes }))
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('hand over' as const), bodyBytes: anyBytes }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('claim' as const),
      bodyBytes: fc.array(anyBytes, { maxLength: 20 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('load' as const), maxCount: fc.integer({ min: 1, max: 10 }) }),
  },
  { weight: 8, arbitrary: fc.record({ does: fc.constant('send' as const) }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('land' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom('take some out' as const, 'forget' as const, 'reserve in vain' as const),
    }),
  },
)

/** What a lane does with its window, and what is in it by the simplest book-keeping. */
class Lane {
  readonly window = new Window(maxBytes)
  held: Work[] = []
  flying: Work[] = []
  #seq = 0

  do(step: Step): void {
    if (step.does === 'hand over') this.#handOver(step.bodyBytes)
    if (step.does === 'claim')
      for (const bodyBytes of step.bodyBytes) this.#push(work(++this.#seq, bodyBytes, null))
    if (step.does === 'load') this.#load(step.maxCount)
    if (step.does === 'send') this.#send()
    if (step.does === 'land') this.#land()
    if (step.does === 'take some out') this.remove((one) => one.delivery.seq % 3 === 0)
    if (step.does === 'forget') this.remove(() => true)
    if (step.does === 'reserve in vain' && this.window.reserve(10)) this.window.unreserve(10)
  }

  get bytes(): number {
    return [...this.held, ...this.flying].reduce(
      (sum, one) => sum + (one.event ? one.delivery.bodyBytes + rowBytes : 0),
      0,
    )
  }

  #push(one: Work): void {
    this.window.push(one)
    this.held.push(one)
  }

  #handOver(bodyBytes: number): void {
    const before = this.bytes
    const hasRoom = this.window.reserve(bodyBytes)
    assert.equal(hasRoom, before + bodyBytes + rowBytes <= maxBytes && this.held.length < windowRows)
    if (!hasRoom) return
    this.window.unreserve(bodyBytes)
    this.#push(work(++this.#seq, bodyBytes, sampleEvent()))
  }

  #load(maxCount: number): void {
    const before = this.bytes
    const chosen = this.window.toLoad(maxCount)
    assert.ok(chosen.length <= maxCount)
    const bytes = chosen.reduce((sum, one) => sum + one.delivery.bodyBytes + rowBytes, before)
    // What goes out next is loaded in any case, or one large payload would block the lane.
    if (chosen.length > 0) assert.ok(bytes <= maxBytes || (chosen.length === 1 && chosen[0] === this.held[0]))
    if (this.held[0] && !this.held[0].event) assert.equal(chosen[0], this.held[0])
    const isGone = (one: Work): boolean => chosen.includes(one) && one.delivery.seq % 5 === 0
    this.remove(isGone)
    for (const one of chosen) this.window.loaded(one, sampleEvent())
    for (const one of chosen) assert.equal(one.event === null, isGone(one))
  }

  #send(): void {
    const next = this.window.peek()
    assert.equal(next, this.held[0])
    if (!next?.event) return
    assert.equal(this.window.shift(), next)
    this.held.shift()
    this.flying.push(next)
  }

  #land(): void {
    const [one] = this.flying.splice(0, 1)
    if (one) this.window.done(one)
  }

  remove(chosen: (one: Work) => boolean): void {
    assert.deepEqual(this.window.remove(chosen), this.held.filter(chosen))
    this.held = this.held.filter((one) => !chosen(one))
  }

  /** Nothing is left of what came and went. */
  end(): void {
    this.remove(() => true)
    while (this.flying.length > 0) this.#land()
    assert.equal(this.window.room, windowRows)
    assert.ok(this.window.reserve(maxBytes - rowBytes))
    assert.ok(!this.window.reserve(1))
  }
}

// Seen to fail with: bytes of a payload not given back when it is taken out, or when it lands; a payload that came for
// what was taken out counted; `toLoad` not stopping at the bytes; what goes out next not loaded because it is large,
// or because others behind it are loaded.
test('it keeps the order, and never more rows and bytes than it may, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 400 }), (steps) => {
      const lane = new Lane()
      for (const step of steps) {
        lane.do(step)
        assert.equal(lane.window.size, lane.held.length)
        assert.equal(lane.window.room, windowRows - lane.held.length)
        assert.equal(lane.window.claimRoom, claimedRows - lane.held.length)
      }
      lane.end()
    }),
    { seed, numRuns: 300 },
  )
})

// Seen to fail with: reserved rows not counted.
test('what is reserved takes room until it is given back', () => {
  const window = new Window(1e9)
  for (let index = 0; index < windowRows; index++) assert.ok(window.reserve(1))
  assert.equal(window.room, 0)
  assert.ok(!window.reserve(1))
  window.unreserve(1)
  assert.equal(window.room, 1)
})

// Seen to fail with: any load done, however much is loaded.
test('loads are few and large: none while half of one is still there', () => {
  const window = new Window(1e9)
  for (let seq = 1; seq <= 100; seq++) window.push(work(seq, 10, null))
  const first = window.toLoad(20)
  assert.deepEqual(
    first.map((one) => one.delivery.seq),
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
  for (const one of first) window.loaded(one, sampleEvent())
  for (let sent = 0; sent < 9; sent++) window.shift()
  assert.equal(window.toLoad(20).length, 0)
  window.shift()
  assert.ok(window.toLoad(20).length > 0)
})

// Seen to fail with: memory of another size not taken over.
test('the bytes it may hold can change', () => {
  const window = new Window(rowBytes + 10)
  assert.ok(!window.reserve(11))
  window.maxBytes = rowBytes + 11
  assert.ok(window.reserve(11))
})

// Seen to fail with: the array cut one too late.
test('a long row of deliveries goes through in order', () => {
  const window = new Window(1e9)
  let pushed = 0
  for (let sent = 1; sent <= 5_000; sent++) {
    while (pushed < sent + 300) window.push(work(++pushed, 1, sampleEvent()))
    assert.equal(window.shift()?.delivery.seq, sent)
  }
})
