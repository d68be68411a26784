import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arrivals } from './arrivals.ts'
import type { LoadReport } from './load/plan.ts'
import type { SinkReport } from './sink/main.ts'
import { verifyArrivals, verifyKept } from './verify.ts'

/** The second of three events was not accepted. */
const load: LoadReport = {
  accepted: 2,
  statuses: new Map(),
  startedUs: 0,
  endedUs: 0,
  latenciesUs: Uint32Array.of(5, 0, 7),
  nextNumber: 4,
}

function sinkWith(latenciesUs: readonly number[], faults: Partial<SinkReport> = {}): SinkReport {
  const arrivals = new Arrivals().times()
  return {
    count: 2,
    duplicates: 0,
    strays: 0,
    lastUs: 0,
    arrivals,
    latenciesUs: Uint32Array.from(latenciesUs),
    ...faults,
  }
}

test('what was accepted must have come, what was not may have', () => {
  verifyArrivals(load, sinkWith([9, 0, 9]))
  verifyArrivals(load, sinkWith([9, 9, 9]))
  assert.throws(() => verifyArrivals(load, sinkWith([9, 9, 0])), /2 accepted events: 1 lost/)
  // The sink knows nothing beyond the last that came.
  assert.throws(() => verifyArrivals(load, sinkWith([9])), /1 lost/)
})

test('what came twice, or of nobody, spoils a run', () => {
  assert.throws(() => verifyArrivals(load, sinkWith([9, 0, 9], { duplicates: 1 })), /1 duplicates/)
  assert.throws(() => verifyArrivals(load, sinkWith([9, 0, 9], { strays: 3 })), /3 strays/)
})

test('what was accepted must be in the store, and no more than was sent', () => {
  verifyKept(load, 2)
  verifyKept(load, 3)
  assert.throws(() => verifyKept(load, 1), /2 were accepted and 1 are kept/)
  assert.throws(() => verifyKept(load, 4), /of 3 events/)
})
