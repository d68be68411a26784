import assert from 'node:assert/strict'
import { test } from 'node:test'
import { falls, judge, type Series } from './judge.ts'
import type { Requirement, Scenario } from './scenarios/scenario.ts'

const ratio: Requirement = {
  what: 'rate',
  figure: 'perSecond',
  unit: '/s',
  dividedBy: 'floor',
  better: 'higher',
  must: 0.6,
  aim: 0.9,
}
const latency: Requirement = {
  ...ratio,
  figure: 'p99Ms',
  dividedBy: null,
  better: 'lower',
  must: 60,
  aim: 20,
}

function scenarioOf(requirement: Requirement): Scenario {
  return {
    name: 'made up',
    subjects: ['floor', 'hub'],
    requirements: [requirement],
    measure: () => Promise.reject(new Error('not measured here')),
  }
}

function series(subject: string, figure: string, values: readonly number[]): Series {
  return { scenario: 'made up', subject, rounds: values.map((value) => ({ [figure]: value })) }
}

test('a ratio is the median of the ratios within each round, not the ratio of medians', () => {
  const [judged] = judge(scenarioOf(ratio), [
    series('floor', 'perSecond', [10_000, 2_000, 5_000]),
    series('hub', 'perSecond', [7_000, 1_800, 4_000]),
  ])
  assert.equal(judged?.value, 0.8)
  assert.equal(judged.verdict, 'must')
  assert.deepEqual(judged.medians, { floor: 5_000, hub: 4_000 })
})

test('a latency is better when it is lower', () => {
  const verdictOn = (value: number): string | undefined =>
    judge(scenarioOf(latency), [series('hub', 'p99Ms', [value])])[0]?.verdict
  assert.equal(verdictOn(20), 'aim')
  assert.equal(verdictOn(21), 'must')
  assert.equal(verdictOn(61), 'miss')
})

test('without the hub or its reference nothing is said', () => {
  const [judged] = judge(scenarioOf(ratio), [series('floor', 'perSecond', [1])])
  assert.equal(judged?.verdict, 'not measured')
  assert.equal(judged.value, null)
})

test('a round that failed is left out, and the others stay beside their neighbours', () => {
  const [judged] = judge(scenarioOf(ratio), [
    series('floor', 'perSecond', [10_000, 2_000, 5_000]),
    { ...series('hub', 'perSecond', []), rounds: [{}, { perSecond: 1_600 }, { perSecond: null }] },
  ])
  assert.equal(judged?.value, 0.8)
})

test('only what is compared is told, unless nothing is', () => {
  const all = ['floor', 'hub', 'bullmq'].map((subject) => series(subject, 'perSecond', [1]))
  assert.deepEqual(Object.keys(judge(scenarioOf(ratio), all)[0]?.medians ?? {}), ['floor', 'hub'])
  const alone = { ...ratio, dividedBy: null }
  assert.deepEqual(Object.keys(judge(scenarioOf(alone), all)[0]?.medians ?? {}), ['floor', 'hub', 'bullmq'])
})

test('a run falls for what it missed or did not measure, not for what is only told', () => {
  const judgedAs = (bounds: object, values: readonly number[]): boolean[] =>
    judge(scenarioOf({ ...latency, ...bounds }), [series('hub', 'p99Ms', values)]).map(falls)
  assert.deepEqual(judgedAs({}, [60]), [false])
  assert.deepEqual(judgedAs({}, [61]), [true])
  assert.deepEqual(judgedAs({}, []), [true])
  assert.deepEqual(judgedAs({ must: null, aim: null }, [61]), [false])
})
