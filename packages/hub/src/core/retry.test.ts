import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { histories } from './histories-testing.ts'
import type { RetryPolicy } from './integration-spec.ts'
import type { Outcome } from './outcome.ts'
import { decideNext, groupMessage, type Tried, type Verdict } from './retry.ts'
import { sampleOutcome } from './outcome-testing.ts'

const acceptedMs = Date.UTC(2030, 0, 1)

const anyPolicy = fc.record<RetryPolicy>({
  maxAttempts: fc.integer({ min: 1, max: 8 }),
  delaysMs: fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 5 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  giveUpAfterMs: fc.integer({ min: 1, max: 60_000 }),
})

const anyOutcome = fc.oneof(
  { weight: 6, arbitrary: fc.constant(sampleOutcome({ httpStatus: 500 })) },
  { weight: 2, arbitrary: fc.constantFrom(502, 503, 504).map((httpStatus) => sampleOutcome({ httpStatus })) },
  { weight: 2, arbitrary: fc.constant(sampleOutcome({ httpStatus: null, errorClass: 'timeout' })) },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 0, max: 90_000 })
      .map((retryAfterMs) => sampleOutcome({ httpStatus: 429, retryAfterMs })),
  },
  { weight: 2, arbitrary: fc.constant(sampleOutcome({ result: 'aborted', httpStatus: null })) },
  { weight: 1, arbitrary: fc.constant(sampleOutcome({ result: 'permanent', httpStatus: 410 })) },
  {
    weight: 1,
    arbitrary: fc.constant(sampleOutcome({ result: 'permanent', httpStatus: null, errorClass: 'contract' })),
  },
  { weight: 1, arbitrary: fc.constant(sampleOutcome({ result: 'delivered', httpStatus: 200 })) },
)

const anyTry = fc.record({
  outcome: anyOutcome,
  asProbe: fc.boolean(),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  tookMs: fc.integer({ min: 0, max: 5_000 }),
})
type Try = typeof anyTry extends fc.Arbitrary<infer T> ? T : never

interface Step extends Try {
  readonly verdict: Verdict
  readonly nowMs: number
  readonly countedBefore: number
}

/** A delivery's life by a clock of its own: each try begins when it is due. */
function live(retry: RetryPolicy, tries: readonly Try[]): readonly Step[] {
  const steps: Step[] = []
  let nowMs = acceptedMs
  let counted = 0
  for (const attempt of tries) {
    nowMs += attempt.tookMs
    const tried: Tried = { counted, forgiven: 0, restartedAt: new Date(acceptedMs), eventId: '' }
    const { outcome, asProbe, random } = attempt
    const verdict = decideNext(outcome, tried, { retry, onExhausted: 'manual' }, asProbe, nowMs, random)
    steps.push({ ...attempt, verdict, nowMs, countedBefore: counted })
    if (verdict.counts) counted++
    if (verdict.next === 'end') break
    nowMs += verdict.inMs
  }
  return steps
}

function eachLife(examine: (retry: RetryPolicy, steps: readonly Step[]) => void): void {
  const tries = fc.array(anyTry, { minLength: 1, maxLength: 40, size: 'max' })
  fc.assert(
    fc.property(anyPolicy, tries, (retry, attempts) => examine(retry, live(retry, attempts))),
    histories(2_000),
  )
}

const wasDown = ({ outcome, asProbe }: Step): boolean =>
  asProbe && (outcome.httpStatus === null || [429, 502, 503, 504].includes(outcome.httpStatus))

// Seen to fail with: `spent > maxAttempts`; with `counts` always true.
test('it is tried as often as the policy says, and never more often', () => {
  eachLife((retry, steps) => {
    const counted = steps.filter(({ verdict }) => verdict.counts).length
    assert.ok(counted <= retry.maxAttempts)
    for (const { verdict, countedBefore, outcome, nowMs } of steps) {
      if (outcome.result !== 'failed' || verdict.next !== 'end') continue
      const isOutOfTime = nowMs + longestDelayMs(retry, outcome) >= acceptedMs + retry.giveUpAfterMs
      assert.ok(countedBefore + 1 === retry.maxAttempts || isOutOfTime)
    }
  })
})

function longestDelayMs(retry: RetryPolicy, outcome: Outcome): number {
  return Math.max(outcome.retryAfterMs ?? 0, ...retry.delaysMs.map((delayMs) => delayMs * 2)) + 1
}

// Seen to fail with: `inMs > leftMs` left out.
test('nothing is due after the policy has given up', () => {
  eachLife((retry, steps) => {
    const deadlineMs = acceptedMs + retry.giveUpAfterMs
    for (const { verdict, outcome, nowMs } of steps) {
      if (verdict.next !== 'retry' || outcome.result === 'aborted') continue
      assert.ok(nowMs + verdict.inMs <= deadlineMs)
    }
  })
})

// Seen to fail with: `counts: true` for what was aborted; with `asProbe` ignored; with 504 not taken for down.
test('what was cut off, and a probe that found the target down, use no attempt up', () => {
  eachLife((_, steps) => {
    for (const step of steps) {
      const isFree = step.outcome.result === 'aborted' || (step.outcome.result === 'failed' && wasDown(step))
      assert.equal(step.verdict.counts, !isFree)
      if (isFree && step.verdict.next === 'retry') assert.equal(step.verdict.inMs, 0)
    }
  })
})

// Seen to fail with: the delay taken from index `spent`; with the last delay not repeated; with jitter one-sided.
test('delays follow the list, whose last one repeats, within the jitter', () => {
  eachLife((retry, steps) => {
    for (const { verdict, outcome, countedBefore, random } of steps) {
      if (verdict.next !== 'retry' || !verdict.counts) continue
      const index = Math.min(countedBefore, retry.delaysMs.length - 1)
      const delayMs = retry.delaysMs[index] ?? 0
      const askedMs = outcome.retryAfterMs ?? 0
      const shortestMs = random < 0.5 ? delayMs * (1 - retry.jitter) : delayMs
      const longestMs = random < 0.5 ? delayMs : delayMs * (1 + retry.jitter)
      assert.ok(verdict.inMs >= Math.floor(shortestMs))
      assert.ok(verdict.inMs <= Math.max(Math.ceil(longestMs), askedMs))
    }
  })
})

// Seen to fail with: `retryAfterMs` ignored; with it not bounded by the time left.
test('a target may ask for a later time, which shortens no life', () => {
  eachLife((retry, steps) => {
    const deadlineMs = acceptedMs + retry.giveUpAfterMs
    for (const { verdict, outcome, nowMs, countedBefore, random } of steps) {
      if (outcome.retryAfterMs === null || !verdict.counts) continue
      if (verdict.next === 'retry')
        assert.ok(nowMs + verdict.inMs >= Math.min(nowMs + outcome.retryAfterMs, deadlineMs))
      const unasked = decideNext(
        { ...outcome, retryAfterMs: null },
        { counted: countedBefore, forgiven: 0, restartedAt: new Date(acceptedMs), eventId: '' },
        { retry, onExhausted: 'dead' },
        false,
        nowMs,
        random,
      )
      assert.equal(verdict.next, unasked.next)
    }
  })
})

// Seen to fail with: `permanent` retried; with `onExhausted` used for it.
test('delivered and permanent end at once, and only exhaustion is handed to a person', () => {
  eachLife((_, steps) => {
    for (const { verdict, outcome } of steps) {
      if (outcome.result === 'delivered' || outcome.result === 'permanent')
        assert.deepEqual(verdict, {
          next: 'end',
          ended: outcome.result === 'delivered' ? 'delivered' : 'dead',
          counts: true,
        })
      else if (verdict.next === 'end') assert.equal(verdict.ended, 'manual')
    }
  })
})

const retry: RetryPolicy = {
  maxAttempts: 3,
  delaysMs: [1_000, 5_000],
  jitter: 0,
  giveUpAfterMs: 3_600_000,
}

function after(tried: Partial<Tried>, outcome: Outcome, asProbe = false): Verdict {
  return decideNext(
    outcome,
    { counted: 0, forgiven: 0, restartedAt: new Date(acceptedMs), eventId: '', ...tried },
    { retry, onExhausted: 'dead' },
    asProbe,
    acceptedMs + 10_000,
    0.5,
  )
}

// Seen to fail with: `forgiven` not taken off.
test('a person who retries a dead letter gives it the whole policy again, from the first delay on', () => {
  const verdict = after({ counted: 3, forgiven: 3 }, sampleOutcome({ httpStatus: 500 }))
  assert.deepEqual(verdict, { next: 'retry', inMs: 1_000, counts: true })
})

// Seen to fail with: the attempts looked at whether or not this one counts.
test('a policy that was tightened during an outage lets no probe that found it down end an event', () => {
  const down = sampleOutcome({ httpStatus: 503 })
  assert.equal(after({ counted: 5 }, down, true).next, 'retry')
  assert.equal(after({ counted: 5 }, down, false).next, 'end')
})

test('what varies from event to event is taken out of the message by which dead letters are grouped', () => {
  const grouped = 'no order <n> for <id> (trace <hex>), status 404'
  const variant = (order: string, id: string, trace: string): string =>
    groupMessage(`no order ${order} for ${id} (trace ${trace}), status 404`)
  assert.equal(
    variant('123456', '0199f5a0-0000-7000-8000-00000000000a', '00f067aa0ba902b7a3ce929d0e0e4736'),
    grouped,
  )
  assert.equal(variant('7890', '0199F5A0-1111-7000-8000-00000000000B', 'a'.repeat(16)), grouped)
  assert.equal(groupMessage('x'.repeat(5_000)).length, 300)
})
