import assert from 'node:assert/strict'
import { it } from 'node:test'
import { checkEvent } from './check-event.ts'
import { OutboxError } from './errors.ts'

const defaults = {
  id: '01890000-0000-7000-8000-000000000000',
  now: new Date('2026-01-02T03:04:05.678Z'),
  maxPayloadBytes: 100,
}
const valid = {
  eventName: 'invoice.created',
  sourceModule: 'finance',
  aggregateType: 'Invoice',
  aggregateId: '7',
  payload: { amount: 100 },
}
const without = (field: keyof typeof valid) =>
  Object.fromEntries(Object.entries(valid).filter(([key]) => key !== field))

function fieldOf(event: unknown, at = ''): string | undefined {
  try {
    checkEvent(event, at, defaults)
  } catch (error) {
    assert.ok(error instanceof OutboxError)
    assert.equal(error.code, 'invalid_event')
    assert.ok(error.message.startsWith(error.field ?? '?'), error.message)
    return error.field
  }
}

it('fills in what was not given', () => {
  assert.deepEqual(checkEvent(valid, '', defaults), {
    ...valid,
    id: defaults.id,
    payload: '{"amount":100}',
    metadata: '{}',
    correlationId: defaults.id,
    causationId: null,
    schemaVersion: 1,
    timestamp: '2026-01-02T03:04:05.678Z',
  })
})

it('names the field that is missing', () => {
  for (const field of ['eventName', 'sourceModule', 'aggregateType', 'aggregateId', 'payload'] as const)
    assert.equal(fieldOf(without(field)), field)
  assert.equal(fieldOf(without('aggregateId'), 'events[3].'), 'events[3].aggregateId')
  assert.equal(fieldOf(null), 'event')
})

it('names the field that is wrong', () => {
  assert.equal(fieldOf({ ...valid, aggregateId: 7 }), 'aggregateId')
  assert.equal(fieldOf({ ...valid, eventName: 'invoice.*' }), 'eventName')
  assert.equal(fieldOf({ ...valid, eventName: ' ' }), 'eventName')
  assert.equal(fieldOf({ ...valid, sourceModule: 'a\u0000b' }), 'sourceModule')
  assert.equal(fieldOf({ ...valid, sourceModule: '\ud800' }), 'sourceModule')
  assert.equal(fieldOf({ ...valid, aggregateType: 'x'.repeat(256) }), 'aggregateType')
  assert.equal(fieldOf({ ...valid, metadata: [] }), 'metadata')
  assert.equal(fieldOf({ ...valid, schemaVersion: 0 }), 'schemaVersion')
  assert.equal(fieldOf({ ...valid, timestamp: 'yesterday' }), 'timestamp')
  assert.equal(fieldOf({ ...valid, eventId: 'mine' }), 'eventId')
  assert.equal(fieldOf({ ...valid, payload: 'x'.repeat(100) }), 'payload')
})

it('names the place in a payload that JSON can not hold', () => {
  const circular: { items: unknown[] } = { items: [] }
  circular.items.push({ circular })
  assert.equal(fieldOf({ ...valid, payload: circular }), 'payload.items[0].circular')
  assert.equal(fieldOf({ ...valid, payload: { amount: 1n } }), 'payload.amount')
  assert.equal(fieldOf({ ...valid, payload: { rate: NaN } }), 'payload.rate')
  assert.equal(fieldOf({ ...valid, payload: [{ when: new Date(NaN) }] }), 'payload[0].when')
  assert.equal(fieldOf({ ...valid, payload: { byId: new Map() } }), 'payload.byId')
  assert.equal(fieldOf({ ...valid, payload: { done: () => undefined } }), 'payload.done')
  assert.equal(fieldOf({ ...valid, metadata: { tags: new Set() } }), 'metadata.tags')
})

it('takes what JSON holds, also what is no object', () => {
  for (const payload of [
    null,
    0,
    '',
    [],
    { when: new Date(0) },
    { again: [1, 1], not: undefined },
    '\u0000 \ud800',
  ])
    assert.equal(fieldOf({ ...valid, payload }), undefined)
})
