import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDeliveryId } from './ids.ts'
import { planReplay, ReplayRequest } from './replay-request.ts'
import { decideReplay, type ReplayCandidate, type ReplayedDelivery, type ReplayPhase } from './replay.ts'
import { check } from './schema.ts'
import type { Place } from './status.ts'

const now = new Date('2026-06-01T00:00:00Z')
const eventId = '01a1fc18-1890-714a-9289-1adb76d6346c'
const ofThis = formatDeliveryId({ eventId, integrationId: 3, seq: 77 })
const ofOther = formatDeliveryId({ eventId, integrationId: 4, seq: 77 })

function plan(body: object) {
  const checked = check(ReplayRequest, { integration: 'billing', ...body })
  assert.ok(checked.ok, JSON.stringify(checked))
  return planReplay(checked.value, 3, 1_999, now)
}

const kinds: readonly [object, object][] = [
  [{ status: 'DEAD' }, [{ kind: 'letters', places: ['dead'] }]],
  [{ statuses: ['MANUAL', 'DEAD'], status: 'DEAD' }, [{ kind: 'letters', places: ['dead', 'manual'] }]],
  [{ status: 'PENDING' }, [{ kind: 'waiting' }]],
  [
    { statuses: ['DELIVERED', 'DEAD'] },
    [
      { kind: 'letters', places: ['dead'] },
      { kind: 'ended', places: ['delivered', 'resolved'] },
    ],
  ],
  [{ status: 'CANCELLED', from: '2026-01-01T00:00:00Z' }, [{ kind: 'ended', places: ['cancelled'] }]],
  [{ from: '2026-01-01T00:00:00Z' }, [{ kind: 'history' }]],
  [{ deliveryIds: [ofThis, ofThis] }, [{ kind: 'deliveries', keys: [{ eventId, seq: 77 }] }]],
]
for (const [body, phases] of kinds) {
  test(`${JSON.stringify(body)} is planned`, () => {
    const planned = plan(body)
    assert.ok(planned.ok)
    assert.deepEqual(planned.value.phases, phases)
  })
}

test('what narrows a replay is kept', () => {
  const body = { status: 'DEAD', errorClass: 'reset', message: 'm', types: ['a.*'], ratePerSecond: 5 }
  const planned = plan({ ...body, from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00+00:00' })
  assert.ok(planned.ok)
  const { filter, ratePerSecond, lastSeq } = planned.value
  const [fromMs, toMs] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)]
  assert.deepEqual(filter, { errorClass: 'reset', message: 'm', types: ['a.*'], fromMs, toMs })
  assert.deepEqual([ratePerSecond, lastSeq], [5, 1_999])
})

test('history ends where the request came in', () => {
  const planned = plan({ from: '2026-01-01T00:00:00Z' })
  assert.ok(planned.ok)
  assert.equal(planned.value.filter.toMs, now.getTime())
})

const mistakes: readonly [object, string][] = [
  [{}, ''],
  [{ to: '2026-01-01T00:00:00Z' }, ''],
  [{ deliveryIds: [ofOther] }, '/deliveryIds/0'],
  [{ deliveryIds: [ofThis, 'x'] }, '/deliveryIds/1'],
  [{ deliveryIds: [ofThis], status: 'DEAD' }, '/status'],
  [{ deliveryIds: [ofThis], types: ['a'] }, '/types'],
  [{ status: 'DELIVERED', errorClass: 'reset' }, '/errorClass'],
  [{ from: '2026-01-01T00:00:00Z', message: 'x' }, '/message'],
  [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, '/to'],
  [{ status: 'DEAD', types: ['a*'] }, '/types/0'],
]
for (const [body, path] of mistakes) {
  test(`${JSON.stringify(body)} is refused at "${path}"`, () => {
    const planned = plan(body)
    assert.ok(!planned.ok)
    assert.deepEqual(
      planned.errors.map((error) => error.path),
      [path],
    )
  })
}

const everything = { errorClass: null, message: null, types: null, fromMs: null, toMs: null }
const letters: ReplayPhase = { kind: 'letters', places: ['dead', 'manual'] }
const ended: ReplayPhase = { kind: 'ended', places: ['delivered', 'resolved'] }
const waiting: ReplayPhase = { kind: 'waiting' }
const named: ReplayPhase = { kind: 'deliveries', keys: [] }
const history: ReplayPhase = { kind: 'history' }

function at(place: Place, seq = 1, dueMs: number | null = null): ReplayedDelivery {
  const due = dueMs === null ? null : new Date(now.getTime() + dueMs)
  return { seq, place, due, error: 'the target answered 12345', errorClass: 'status' }
}

function decide(
  phase: ReplayPhase,
  met: ReplayedDelivery | null,
  latest: ReplayedDelivery | null = met,
  filter: Partial<typeof everything> | object = {},
) {
  const candidate: ReplayCandidate = { type: 'a', receivedAt: now, met, latest }
  return decideReplay(phase, { ...everything, ...filter }, candidate, (type) => type === 'a', now)
}

const steps: readonly [string, ReplayPhase, ReplayedDelivery | null, ReplayedDelivery | null, string][] = [
  ['a dead letter', letters, at('dead'), at('dead'), 'revive'],
  ['what a person has', letters, at('manual'), at('manual'), 'revive'],
  ['a dead letter that lives again', letters, at('queue'), at('queue'), 'pass'],
  ['a dead letter of an event delivered since', letters, at('dead'), at('delivered', 2), 'revive'],
  ['what waits for a retry', waiting, at('queue', 1, 5_000), at('queue', 1, 5_000), 'hasten'],
  ['what is due', waiting, at('queue', 1, -5_000), at('queue', 1, -5_000), 'pass'],
  ['what waits for its turn', waiting, at('queue'), at('queue'), 'pass'],
  ['what was delivered', ended, at('delivered'), at('delivered'), 'redeliver'],
  ['what was resolved', ended, at('resolved'), at('resolved'), 'redeliver'],
  ['what was cancelled', ended, at('cancelled'), at('cancelled'), 'pass'],
  ['what was delivered again since', ended, at('delivered'), at('delivered', 2), 'pass'],
  ['what is being delivered again', ended, at('delivered'), at('queue', 2), 'pass'],
  ['a named dead letter', named, at('dead'), at('dead'), 'revive'],
  ['a named one that waits for a retry', named, at('queue', 1, 5_000), at('queue', 1, 5_000), 'hasten'],
  ['a named one that is on its way', named, at('queue'), at('queue'), 'skip'],
  ['a named one that was delivered', named, at('delivered'), at('delivered'), 'redeliver'],
  ['a named one that is being delivered again', named, at('delivered'), at('queue', 2), 'skip'],
  ['a named one that is not there', named, null, null, 'pass'],
  ['an event that was never routed to it', history, null, null, 'redeliver'],
  ['an event that was delivered', history, null, at('delivered'), 'redeliver'],
  ['an event that was cancelled', history, null, at('cancelled'), 'redeliver'],
  ['an event whose delivery died', history, null, at('dead'), 'revive'],
  ['an event whose delivery waits', history, null, at('queue', 1, 5_000), 'skip'],
  ['an event of whose delivery nothing is known', history, null, at('unknown'), 'skip'],
]
for (const [what, phase, met, latest, step] of steps) {
  test(`${what}: ${step}`, () => assert.equal(decide(phase, met, latest), step))
}

const narrowed: readonly [object, string][] = [
  [{ errorClass: 'status' }, 'revive'],
  [{ errorClass: 'reset' }, 'pass'],
  [{ message: 'the target answered <n>' }, 'revive'],
  [{ message: 'the target answered 12345' }, 'pass'],
  [{ fromMs: now.getTime() }, 'revive'],
  [{ fromMs: now.getTime() + 1 }, 'pass'],
  [{ toMs: now.getTime() }, 'pass'],
  [{ toMs: now.getTime() + 1 }, 'revive'],
]
for (const [filter, step] of narrowed) {
  test(`narrowed by ${JSON.stringify(filter)}, a dead letter: ${step}`, () => {
    assert.equal(decide(letters, at('dead'), at('dead'), filter), step)
  })
}

test('another type is passed', () => {
  const candidate = { type: 'b', receivedAt: now, met: at('dead'), latest: at('dead') }
  assert.equal(
    decideReplay(letters, everything, candidate, (type) => type === 'a', now),
    'pass',
  )
})
