import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { backoffMs, maxDelayMs } from './backoff.ts'
import { decide, type Outcome } from './outcome.ts'

const policy = { maxAttempts: 3, baseDelayMs: 1_000, isDeadLetterEnabled: true }
const failed = (isPermanent = false): Outcome => ({ kind: 'failed', error: 'no', isPermanent })

it('doubles the delay with every attempt, and gives up after the last', () => {
  const marks = [0, 1, 2].map((earlier) => decide(failed(), earlier, policy, 0.5))
  assert.deepEqual(
    marks.map(({ state, delayMs }) => [state, delayMs]),
    [
      ['failed', 1_000],
      ['failed', 2_000],
      ['dead', null],
    ],
  )
})

it('gives up at once on what is permanent', () => {
  assert.equal(decide(failed(true), 0, policy, 0.5).state, 'dead')
})

it('leaves what is given up as failed where there are no dead letters', () => {
  const mark = decide(failed(true), 0, { ...policy, isDeadLetterEnabled: false }, 0.5)
  assert.deepEqual([mark.state, mark.delayMs], ['failed', null])
})

it('counts no attempt for what was released or postponed', () => {
  assert.deepEqual(decide({ kind: 'released' }, 0, policy, 0.5).state, 'received')
  assert.deepEqual(decide({ kind: 'released' }, 2, policy, 0.5).state, 'failed')
  assert.equal(decide({ kind: 'released' }, 1, policy, 0.5).attempted, 0)
  const later = decide({ kind: 'postponed', delayMs: 7_000, error: 'away' }, 99, policy, 0.5)
  assert.deepEqual([later.attempted, later.delayMs, later.error], [0, 7_000, 'away'])
})

it('keeps every delay within a tenth of its aim and under the cap', () => {
  fc.assert(
    fc.property(
      fc.nat(86_400_000),
      fc.nat(1_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (base, earlier, random) => {
        const delayMs = backoffMs(base, earlier, random)
        const aim = Math.min(maxDelayMs, base * 2 ** Math.min(earlier, 40))
        assert.ok(delayMs <= maxDelayMs && delayMs >= aim * 0.9 - 1 && delayMs <= aim * 1.1 + 1)
      },
    ),
  )
})

it('always either ends a row or says when it is due', () => {
  const outcome = fc.oneof(
    fc.constant<Outcome>({ kind: 'processed' }),
    fc.constant<Outcome>({ kind: 'skipped', reason: 'x' }),
    fc.boolean().map(failed),
    fc.constant<Outcome>({ kind: 'released' }),
  )
  fc.assert(
    fc.property(outcome, fc.nat(10), fc.boolean(), (each, earlier, isDeadLetterEnabled) => {
      const { state, delayMs } = decide(each, earlier, { ...policy, isDeadLetterEnabled }, 0.5)
      const isWaiting = delayMs !== null
      if (isWaiting) assert.ok(state === 'received' || state === 'failed')
      else assert.ok(['processed', 'skipped', 'dead', 'failed'].includes(state))
    }),
  )
})
