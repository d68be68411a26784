import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import type { OwnedDelivery } from '../core/delivery.ts'
import type { FreshClaim, ReadyQueue, TimedClaim } from '../queue/queue.ts'
import { Backlog } from './backlog.ts'

const lane = { integrationId: 1, ordering: 'none' } as const
const epoch = 7
const nowMs = 1_000_000

function rows(count: number): readonly OwnedDelivery[] {
  return Array.from({ length: count }, (_, index) => ({
    integrationId: 1,
    seq: index + 1,
    eventId: '01990000-0000-7000-8000-000000000001',
    bodyBytes: 1,
    due: null,
    attempts: 0,
    counted: 0,
    forgiven: 0,
    subjectKey: null,
    restartedAt: null,
    replayId: null,
  }))
}

/** A queue that answers as a test says, in the middle of which something may happen. */
class Answers implements ReadyQueue {
  fresh: FreshClaim | Error = { rows: [], isLast: true }
  timed: TimedClaim | Error = { rows: [], nextDueInMs: null }
  meanwhile: () => void = () => undefined

  async claimFresh(): Promise<FreshClaim> {
    await Promise.resolve()
    this.meanwhile()
    if (this.fresh instanceof Error) throw this.fresh
    return this.fresh
  }

  async claimTimed(): Promise<TimedClaim> {
    await Promise.resolve()
    this.meanwhile()
    if (this.timed instanceof Error) throw this.timed
    return this.timed
  }

  waiting(): Promise<never> {
    return assert.fail('a lane asks for itself only')
  }
  freed(): void {}
  lookAgain(): void {}
}

before(() => mock.timers.enable({ apis: ['Date'], now: nowMs }))
after(() => mock.timers.reset())

test('in the beginning anything may lie there', () => {
  const backlog = new Backlog(new Answers())
  assert.ok(backlog.hasFresh)
  assert.ok(backlog.hasReady(0))
})

// Seen to fail with: `isLast` ignored; never believed.
test('it believes in more until a claim was the last', async () => {
  const answers = new Answers()
  const backlog = new Backlog(answers)
  answers.fresh = { rows: rows(2), isLast: false }
  assert.equal((await backlog.takeFresh(lane, epoch, 5)).length, 2)
  assert.ok(backlog.hasFresh)
  answers.fresh = { rows: rows(4), isLast: true }
  assert.equal((await backlog.takeFresh(lane, epoch, 5)).length, 4)
  assert.ok(!backlog.hasFresh)
})

// Seen to fail with: `#leftCount` ignored.
test('what is left while a claim runs is not taken for claimed', async () => {
  const answers = new Answers()
  const backlog = new Backlog(answers)
  answers.meanwhile = () => backlog.freshLeft()
  await backlog.takeFresh(lane, epoch, 5)
  assert.ok(backlog.hasFresh)
})

// Seen to fail with: a failed claim taken for a short one.
test('a claim that fails leaves all there', async () => {
  const answers = new Answers()
  const backlog = new Backlog(answers)
  answers.fresh = new Error('the store is away')
  answers.timed = new Error('the store is away')
  await assert.rejects(backlog.takeFresh(lane, epoch, 5))
  await assert.rejects(backlog.takeTimed(lane, epoch, 5))
  assert.ok(backlog.hasFresh)
  assert.ok(backlog.nextDueMs <= nowMs)
})

// Seen to fail with: the next due time ignored; not kept when it is earlier than what was known.
test('after the timed ones that are due it knows when the next one is', async () => {
  const answers = new Answers()
  const backlog = new Backlog(answers)
  await backlog.takeFresh(lane, epoch, 5)
  answers.timed = { rows: rows(2), nextDueInMs: 500 }
  await backlog.takeTimed(lane, epoch, 5)
  assert.equal(backlog.nextDueMs, nowMs + 500)
  assert.ok(!backlog.hasReady(nowMs + 499))
  assert.ok(backlog.hasReady(nowMs + 500))
  backlog.due(nowMs + 200)
  backlog.due(nowMs + 900)
  assert.equal(backlog.nextDueMs, nowMs + 200)
})

// Seen to fail with: the due time forgotten after the claim instead of before it.
test('what becomes due while a claim runs is not forgotten', async () => {
  const answers = new Answers()
  const backlog = new Backlog(answers)
  answers.meanwhile = () => backlog.due(nowMs + 100)
  answers.timed = { rows: rows(2), nextDueInMs: 500 }
  await backlog.takeTimed(lane, epoch, 5)
  assert.equal(backlog.nextDueMs, nowMs + 100)
})

test('when all was freed anything may lie there again', async () => {
  const answers = new Answers()
  const backlog = new Backlog(answers)
  await backlog.takeFresh(lane, epoch, 5)
  await backlog.takeTimed(lane, epoch, 5)
  assert.ok(!backlog.hasReady(Number.MAX_SAFE_INTEGER))
  backlog.unknown()
  assert.ok(backlog.hasFresh)
  assert.ok(backlog.nextDueMs <= nowMs)
})

// Seen to fail with: what failed always first, as long as there is any.
test('what failed and what was never tried take turns as probes', async () => {
  const answers = new Answers()
  const backlog = new Backlog(answers)
  answers.timed = { rows: rows(1).map((row) => ({ ...row, seq: 1 })), nextDueInMs: 0 }
  answers.fresh = { rows: rows(1).map((row) => ({ ...row, seq: 2 })), isLast: false }
  const probed: (number | undefined)[] = []
  for (let turn = 0; turn < 4; turn++) probed.push((await backlog.takeProbe(lane, epoch, nowMs))?.seq)
  assert.deepEqual(probed, [1, 2, 1, 2])

  answers.timed = { rows: [], nextDueInMs: null }
  assert.equal((await backlog.takeProbe(lane, epoch, nowMs))?.seq, 2)
  answers.fresh = { rows: [], isLast: true }
  assert.equal(await backlog.takeProbe(lane, epoch, nowMs), null)
})
