import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, subjects, unrest, type Series } from './judge.ts'
import type { Found } from './rows.ts'

const rate = (perSecond: number): Found => ({
  perSecond,
  events: 1,
  cpuUs: { subject: 1, store: 1, broker: null },
  published: { messages: 0, deliveries: 0 },
  othersShare: null,
})

const series = (subject: string, ...rates: readonly (number | null)[]): Series => ({
  row: 'drain',
  subject,
  rounds: rates.map((one) => (one === null ? null : rate(one))),
})

test('compares within a round, and takes the median of the ratios', () => {
  const [judged] = judge([series(subjects.one, 100, 200, 50), series(subjects.two, 90, 220, 50)])
  assert.deepEqual(judged?.ratios, [0.9, 1.1, 1])
  assert.equal(judged?.isReached, true)
})

test('two nodes may be below one by chance, not by more', () => {
  const isReached = (two: number): boolean | undefined =>
    judge([series(subjects.one, 100), series(subjects.two, two)])[0]?.isReached
  assert.equal(isReached(95), true)
  assert.equal(isReached(94), false)
})

test('with a broker each is compared with as many nodes without it', () => {
  const judged = judge([
    series(subjects.one, 100),
    series(subjects.two, 150),
    series(subjects.oneWithBroker, 50),
    series(subjects.twoWithBroker, 60),
  ])
  assert.deepEqual(
    judged.map(({ subject, ratios, isReached }) => [subject, ratios, isReached]),
    [
      [subjects.two, [1.5], true],
      [subjects.oneWithBroker, [0.5], true],
      [subjects.twoWithBroker, [0.4], false],
    ],
  )
})

test('a failed round says nothing, and nothing but failed rounds is a miss', () => {
  const [some] = judge([series(subjects.one, 100, 100), series(subjects.two, null, 120)])
  assert.deepEqual(some?.ratios, [1.2])
  const [none] = judge([series(subjects.one, 100), series(subjects.two, null)])
  assert.equal(none?.isReached, false)
})

test('a subject that was not measured is not judged', () => {
  assert.equal(judge([series(subjects.one, 100), series(subjects.two, 100)]).length, 1)
})

test('tells how much a subject differs from itself', () => {
  assert.deepEqual(unrest(series(subjects.one, 100, 110, 55).rounds), [1.1, 0.5])
})
