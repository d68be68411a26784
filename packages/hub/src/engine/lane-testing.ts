import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Integration } from '../core/catalog.ts'
import type { OwnedDelivery } from '../core/delivery.ts'
import type { StoredEvent } from '../core/event.ts'
import { createEventId } from '../core/ids.ts'
import { IntegrationSpec } from '../core/integration-spec.ts'
import { sampleOutcome } from '../core/outcome-testing.ts'
import { check } from '../core/schema.ts'
import type { ReadyQueue } from '../queue/queue.ts'
import { Telemetry } from './telemetry.ts'
import type { LanesDeps } from './lanes.ts'

export const epoch = 7
const eventId = createEventId(Date.now(), randomBytes(10))
export const event: StoredEvent = {
  id: eventId,
  seq: 1,
  sourceId: 1,
  sourceName: 'shop',
  type: 'order.created',
  subject: null,
  attributes: {},
  contentType: null,
  body: Buffer.from('{}'),
  headers: {},
  correlationId: eventId,
  receivedAt: new Date(),
}

/** A queue with one delivery, which can be claimed as often as it is freed. */
export class OneDelivery implements ReadyQueue {
  isFree = true
  claims = 0
  async claimFresh() {
    const rows = this.isFree ? [delivery(1)] : []
    this.claims += rows.length
    this.isFree = false
    return { rows, isLast: true }
  }
  async claimTimed() {
    return { rows: [], nextDueInMs: null }
  }
  async waiting() {
    return []
  }
  freed(): void {
    this.isFree = true
  }
  lookAgain(): void {
    this.isFree = true
  }
}

export function delivery(seq: number): OwnedDelivery {
  const untried = { due: null, attempts: 0, counted: 0, forgiven: 0, restartedAt: null, replayId: null }
  return { integrationId: 1, seq, eventId, bodyBytes: 2, subjectKey: null, ...untried }
}

export function integration(spec: object): Integration {
  const checked = check(IntegrationSpec, { target: { kind: 'http', url: 'http://target.test/' }, ...spec })
  assert.ok(checked.ok)
  const signing = { current: 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz', former: [] }
  return { id: 1, name: 'billing', revision: 1, spec: checked.value, signing }
}

/** What a lane needs, on a node that lives for ever and whose store never fails. */
export function laneParts(queue: ReadyQueue): Omit<LanesDeps, 'keptCircuit' | 'freeRows'> {
  return {
    queue,
    epoch: () => epoch,
    owns: (owner) => owner === epoch,
    abandonEpoch: () => undefined,
    loadEvents: () => Promise.resolve(new Map([[eventId, event]])),
    createTarget: () => ({
      batch: 1,
      deliver: () => Promise.resolve([sampleOutcome({ result: 'delivered', httpStatus: 200, error: null })]),
      close: () => Promise.resolve(),
    }),
    mayFinish: () => true,
    finished: () => undefined,
    keepCircuit: () => undefined,
    telemetry: new Telemetry((error) => assert.fail(String(error))),
  }
}
