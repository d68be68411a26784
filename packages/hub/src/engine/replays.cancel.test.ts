import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { Integration } from '../core/catalog.ts'
import { ReplayRequest } from '../core/replay-request.ts'
import { check } from '../core/schema.ts'
import { findReplay, type ReplayRecord } from '../store/replays.ts'
import { until } from '../testing/until.ts'
import { Acting } from './acting.ts'
import { event, hang, refusedForEver, TestHub, upTo, type TestNode } from './engine-testing.ts'
import { Replays } from './replays.ts'
import { Telemetry } from './telemetry.ts'

let hub: TestHub
let present: Integration
const running: Replays[] = []
before(async () => (hub = await TestHub.create()))
beforeEach(() => hub.beginTest())
afterEach(async () => {
  for (const replays of running.splice(0)) await replays.stop()
  await hub.endTest()
})
after(() => hub.close())

function replaysAt({ engine, pool }: TestNode): Replays {
  const replays = new Replays({
    pool,
    nodeKey: 'node',
    catalog: hub.catalog,
    holder: engine,
    telemetry: new Telemetry((error) => assert.fail(String(error))),
  })
  replays.start()
  running.push(replays)
  return replays
}

async function find(id: number): Promise<ReplayRecord> {
  return (await findReplay(hub.pool, id)) ?? assert.fail()
}

async function untilEnded(id: number): Promise<void> {
  await until('the replay has ended', async () => (await find(id)).endedAt !== null, 20_000)
}

/** Delivers so many, and then all of them again under these limits. */
async function replayAll(one: TestNode, replays: Replays, count: number, limits: object): Promise<number> {
  present = await hub.put({})
  for (let from = 0; from < count; from += 500)
    await Promise.all(
      upTo(Math.min(500, count - from)).map((n) => one.engine.accept(hub.source, [event(from + n)])),
    )
  await hub.untilDelivered(present, count, 30_000)
  await hub.untilEmpty(present)
  hub.received.length = 0
  present = await hub.change(present, limits)
  const request = check(ReplayRequest, { integration: present.name, status: 'DELIVERED' })
  assert.ok(request.ok)
  const id = await replays.begin(request.value, present, 'test')
  await untilEnded(id)
  assert.equal((await find(id)).started, count)
  return id
}

async function owners(): Promise<readonly (number | null)[]> {
  const { rows } = await hub.pool.query<{ owner: number | null }>(
    'select owner from hub.queue where integration_id = $1',
    [present.id],
  )
  return rows.map(({ owner }) => owner)
}

/** The end of a cancelled replay: what went out was begun, all else is cancelled, and nothing follows. */
async function endsWith(id: number, count: number): Promise<void> {
  await untilEnded(id)
  const sent = hub.received.length
  const { state, started } = await find(id)
  assert.deepEqual([state, started], ['cancelled', sent])
  const { rows } = await hub.pool.query<{ ended: string; count: number }>(
    `select ended, count(*)::int from hub.attempts where replay_id = $1 group by ended order by ended desc`,
    [id],
  )
  const delivered = sent > 0 ? [{ ended: 'delivered', count: sent }] : []
  assert.deepEqual(rows, [...delivered, { ended: 'cancelled', count: count - sent }])
  assert.equal(await hub.queued(present), 0)
  const { counted, true: real } = await hub.sums(present)
  assert.deepEqual(
    { ...counted, attempts: 0 },
    { ...real, attempts: 0 },
    'what is cancelled is no attempt that counts',
  )
}

// Seen to fail with: a walk that passes for good what another node holds in memory.
test('a replay is taken back from the memory of all nodes', async () => {
  const [one, other] = [await hub.start('one'), await hub.start('other')]
  await until('two', () => one.engine.share.count === 2 && other.engine.share.count === 2)
  const [atOne, atOther] = [replaysAt(one), replaysAt(other)]
  const id = await replayAll(one, atOne, 60, { rateLimit: { perSecond: 2, burst: 2 } })
  await until('all are held', async () => !(await owners()).includes(null))
  const ofOne = (await owners()).filter((owner) => owner === one.engine.epoch)
  await (ofOne.length > 30 ? atOther : atOne).cancel(id, 'test')
  await endsWith(id, 60)
})

// Seen to fail with: an end although the lane has claimed again what it had handed back.
test('a replay is taken back that is more than memory holds', async () => {
  const one = await hub.start('one')
  const replays = replaysAt(one)
  const id = await replayAll(one, replays, 2_500, { rateLimit: { perSecond: 2, burst: 1 } })
  await until('some is held', async () => (await owners()).some((owner) => owner !== null))
  await replays.cancel(id, 'test')
  await endsWith(id, 2_500)
})

// Seen to fail with: an end that does not wait for what is in flight at another node.
test('a cancelled replay ends when what is in flight has landed', async () => {
  const [one, other] = [await hub.start('one'), await hub.start('other')]
  const [atOne] = [replaysAt(one), replaysAt(other)]
  const landing = Promise.withResolvers<object>()
  const id = await replayAll(one, atOne, 4, { paused: true })
  hub.script(present, (_, signal) => Promise.race([landing.promise, hang(signal)]))
  present = await hub.change(present, { concurrency: 2 })
  await until('some fly', () => one.engine.lanes.inFlight().length + other.engine.lanes.inFlight().length > 0)
  await atOne.cancel(id, 'test')
  const flying = () => one.engine.lanes.inFlight().length + other.engine.lanes.inFlight().length
  await until('the rest is taken back', async () => (await hub.queued(present)) === flying(), 10_000)
  await delay(1_200)
  assert.equal((await find(id)).endedAt, null)
  landing.resolve({})
  await endsWith(id, 4)
})

// Seen to fail with: an end although a dead node owns what may be sent yet.
test('a cancelled replay ends after what a dead node held was taken over', async () => {
  const [one, other] = [await hub.start('one'), await hub.start('other')]
  await until('two', () => one.engine.share.count === 2 && other.engine.share.count === 2)
  const [atOne, atOther] = [replaysAt(one), replaysAt(other)]
  const id = await replayAll(one, atOne, 40, { rateLimit: { perSecond: 1, burst: 1 } })
  await until('all are held', async () => !(await owners()).includes(null))
  const ofOne = (await owners()).filter((owner) => owner === one.engine.epoch)
  const [dead, cancelling] = ofOne.length > 20 ? [one, atOther] : [other, atOne]
  hub.freeze(dead)
  await cancelling.cancel(id, 'test')
  await untilEnded(id)
  assert.equal(await hub.queued(present), 0)
})

// Seen to fail with: what lies with a broker passed by, and then sent.
test('a replay is taken back from a broker at once, and from another node when it is free', async () => {
  const one = await hub.start('one')
  const replays = replaysAt(one)
  const id = await replayAll(one, replays, 10, { paused: true })
  const own = (owner: number | null, limit: number) =>
    hub.pool.query(
      `update hub.queue set owner = $2 where seq in (
         select seq from hub.queue where integration_id = $1 order by seq limit $3)`,
      [present.id, owner, limit],
    )
  await own(-5, 10)
  await own(1_000_000, 2)
  await replays.cancel(id, 'test')
  await until('the broker holds none', async () => !(await owners()).includes(-5))
  const { endedAt, started } = await find(id)
  assert.deepEqual([endedAt, started], [null, 2])
  await own(null, 2)
  await endsWith(id, 10)
})

// Seen to fail with: a dead letter that is still the replay's when a person retries it.
test('what a person retried is not taken back with the replay of which it died', async () => {
  const one = await hub.start('one')
  const replays = replaysAt(one)
  const telemetry = new Telemetry((error) => assert.fail(String(error)))
  const acting = new Acting({ pool: hub.pool, nodeKey: 'node', holder: one.engine, telemetry })
  const id = await replayAll(one, replays, 1, { paused: true })
  hub.script(present, () => refusedForEver)
  present = await hub.change(present, {})
  const letter = await until('it is dead', async () => {
    const { rows } = await hub.pool.query<{ seq: number; event_id: string }>(
      'select seq, event_id from hub.dead_letters where integration_id = $1',
      [present.id],
    )
    return rows[0]
  })
  present = await hub.change(present, { paused: true })
  const key = { eventId: letter.event_id, integrationId: present.id, seq: letter.seq }
  await acting.retry({ key, actor: 'person', note: null })
  await assert.rejects(replays.cancel(id, 'test'), { code: 'already_ended' })
  assert.equal(await hub.queued(present), 1)
})
