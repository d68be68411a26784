import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { transaction } from '../store/database.ts'
import type { RowKey } from '../store/queue.ts'
import { readAttempts, readDelivery } from '../store/delivery-reading.ts'
import { read } from '../store/reading.ts'
import { billingId, daysAgo, parkingId, TestStore, type SeededEvent } from '../testing/store.ts'
import { Acting, type Holder } from './acting.ts'
import { Telemetry } from './telemetry.ts'

const epoch = 7

/** A node that holds some deliveries and gives them back when asked. */
class FakeHolder implements Holder {
  readonly epoch = epoch
  readonly woken: number[] = []
  isFlying = false
  releases = 0
  isInFlight(): boolean {
    return this.isFlying
  }
  async release(keys: readonly RowKey[]): Promise<readonly RowKey[]> {
    this.releases++
    await store.pool.query('update hub.queue set owner = null where owner = $1', [epoch])
    return keys
  }
  wake(integrationId: number): void {
    this.woken.push(integrationId)
  }
}

let store: TestStore
let holder: FakeHolder
let acting: Acting
before(async () => (store = await TestStore.create()))
beforeEach(async () => {
  await store.empty()
  holder = new FakeHolder()
  const telemetry = new Telemetry((error) => assert.fail(String(error)))
  acting = new Acting({ pool: store.pool, nodeKey: 'node', holder, telemetry })
})
after(() => store.close())

function actOn({ id, seq }: SeededEvent, note: string | null = null) {
  return { key: { eventId: id, integrationId: billingId, seq }, actor: 'key:ops', note }
}

async function find({ id, seq }: SeededEvent) {
  const key = { eventId: id, integrationId: billingId, seq }
  return read(store.pool, async (client) => ({
    ...(await readDelivery(client, key))?.delivery,
    tries: (await readAttempts(client, key)).length,
  }))
}

async function queueRow({ seq }: SeededEvent) {
  const { rows } = await store.pool.query<Record<string, unknown>>(
    `select attempts, counted, forgiven, subject_key, owner, replay_id, last_error, due <= now() as is_due,
       restarted_at > now() - interval '1 minute' as is_restarted
     from hub.queue where integration_id = $1 and seq = $2`,
    [billingId, seq],
  )
  return rows[0]
}

async function audit() {
  const { rows } = await store.pool.query('select actor, action, subject, detail from hub.audit order by id')
  return rows as Record<string, unknown>[]
}

const refuses = (code: string) => ({ name: 'Problem', code })

test('a dead letter is retried under its own id, with its past forgiven', async () => {
  const event = await store.addDead([billingId, parkingId], { attempts: 5, error: 'boom' })
  await acting.retry(actOn(event))
  assert.deepEqual(await queueRow(event), {
    attempts: 5,
    counted: 5,
    forgiven: 5,
    subject_key: null,
    owner: null,
    replay_id: null,
    last_error: 'boom',
    is_due: true,
    is_restarted: true,
  })
  assert.equal((await find(event)).place, 'queue')
  assert.deepEqual(await store.counters(billingId), { queued: 1, timed: 1 })
  assert.deepEqual(await store.counters(parkingId), { dead: 1 })
  assert.deepEqual(holder.woken, [billingId])
  const subject = `deliveries/${event.id}.${billingId}.${event.seq.toString(36)}`
  assert.deepEqual(await audit(), [{ actor: 'key:ops', action: 'delivery.retry', subject, detail: {} }])
})

test('what waits for a time is made due now, and only that', async () => {
  const event = await store.addWaiting([billingId], { due: daysAgo(-1), attempts: 2, subjectKey: 9 })
  await acting.retry(actOn(event))
  const row = await queueRow(event)
  assert.deepEqual(
    [row?.['is_due'], row?.['attempts'], row?.['forgiven'], row?.['subject_key']],
    [true, 2, 0, 9],
  )
  assert.deepEqual(await store.counters(billingId), { queued: 1, timed: 1 })
  assert.deepEqual(holder.woken, [billingId])
})

test('what waits for its turn goes on waiting for it', async () => {
  const event = await store.addWaiting([billingId])
  await acting.retry(actOn(event))
  assert.equal((await queueRow(event))?.['is_due'], null)
  assert.deepEqual(await store.counters(billingId), { queued: 1 })
})

for (const row of [{}, { due: daysAgo(-1), attempts: 2 }]) {
  test(`what waits ${'due' in row ? 'for a retry' : 'for its turn'} is cancelled`, async () => {
    const event = await store.addWaiting([billingId], row)
    await acting.cancel(actOn(event, 'not wanted'))
    const { place, error, tries } = await find(event)
    assert.deepEqual([place, error, tries], ['cancelled', 'not wanted', 0])
    assert.deepEqual(await store.counters(billingId), { cancelled: 1 })
    assert.deepEqual((await audit())[0]?.['detail'], { note: 'not wanted' })
  })
}

test('the next of a subject may go when its head is cancelled', async () => {
  const head = await store.addWaiting([billingId], { subjectKey: 9 })
  const next = await store.addWaiting([billingId], { subjectKey: 9 })
  const third = await store.addWaiting([billingId], { subjectKey: 9 })
  await acting.cancel(actOn(head))
  assert.equal((await queueRow(next))?.['is_due'], true)
  assert.equal((await queueRow(third))?.['is_due'], null)
  assert.deepEqual(holder.woken, [billingId])
  assert.deepEqual(await store.counters(billingId), { queued: 2, timed: 1, cancelled: 1 })
})

for (const state of ['dead', 'manual'] as const) {
  test(`what is ${state} is cancelled`, async () => {
    const event = await store.addDead([billingId], { state })
    await acting.cancel(actOn(event))
    assert.equal((await find(event)).place, 'cancelled')
    assert.deepEqual(await store.counters(billingId), { cancelled: 1 })
  })
}

test('what a person did by hand is resolved', async () => {
  const event = await store.addDead([billingId], { state: 'manual' })
  await acting.resolve(actOn(event, 'sent by mail'))
  const { place, error } = await find(event)
  assert.deepEqual([place, error], ['resolved', 'sent by mail'])
  assert.deepEqual(await store.counters(billingId), { delivered: 1 })
})

test('what is dead, and what waits, cannot be resolved', async () => {
  const dead = await store.addDead([billingId])
  await assert.rejects(acting.resolve(actOn(dead)), refuses('conflict'))
  const waiting = await store.addWaiting([billingId])
  await assert.rejects(acting.resolve(actOn(waiting)), refuses('conflict'))
  assert.deepEqual([(await find(dead)).place, (await find(waiting)).place], ['dead', 'queue'])
  assert.deepEqual(await audit(), [])
})

for (const verb of ['retry', 'cancel', 'resolve'] as const) {
  for (const ended of ['delivered', 'cancelled'] as const) {
    test(`what was ${ended} before refuses to ${verb}`, async () => {
      const event = await store.addEnded([billingId], ended)
      await assert.rejects(acting[verb](actOn(event)), refuses('already_ended'))
      assert.deepEqual(await audit(), [])
    })
  }

  test(`what does not exist refuses to ${verb}`, async () => {
    const event = await store.addEnded([parkingId], 'delivered')
    await assert.rejects(acting[verb](actOn(event)), refuses('not_found'))
  })
}

test('what is in flight here, or held by another node, refuses', async () => {
  const here = await store.addWaiting([billingId], { owner: epoch })
  holder.isFlying = true
  await assert.rejects(acting.cancel(actOn(here)), refuses('in_flight'))
  holder.isFlying = false
  const elsewhere = await store.addWaiting([billingId], { owner: epoch + 1 })
  await assert.rejects(acting.retry(actOn(elsewhere)), refuses('in_flight'))
  assert.equal(holder.releases, 0)
})

// Seen to fail with: a row without an owner taken for one that nobody sends.
for (const verb of ['retry', 'cancel'] as const) {
  test(`what this node still sends although it lost the row with its epoch refuses to ${verb}`, async () => {
    const event = await store.addWaiting([billingId], { due: daysAgo(-1) })
    holder.isFlying = true
    await assert.rejects(acting[verb](actOn(event)), refuses('in_flight'))
    assert.deepEqual([(await queueRow(event))?.['is_due'], await audit()], [false, []])
    holder.isFlying = false
    await acting[verb](actOn(event))
  })
}

test('what this node holds in memory is handed back first', async () => {
  const event = await store.addWaiting([billingId], { owner: epoch })
  await acting.cancel(actOn(event))
  assert.equal((await find(event)).place, 'cancelled')
  assert.equal(holder.releases, 1)
})

test('an outcome that is on its way to disk is waited for', async () => {
  const event = await store.addWaiting([billingId], { owner: epoch })
  holder.release = async () => {
    await transaction(store.pool, async (client) => {
      await client.query('delete from hub.queue where owner = $1', [epoch])
      await client.query(
        `insert into hub.attempts (at, integration_id, seq, event_id, n, started_at, duration_ms, outcome, ended, counted)
         values (now(), $1, $2, $3, 1, now(), 1, 'delivered', 'delivered', true)`,
        [billingId, event.seq, event.id],
      )
    })
    return []
  }
  await assert.rejects(acting.cancel(actOn(event)), refuses('already_ended'))
})

test('a dead letter of a deleted integration cannot be retried, but cancelled', async () => {
  const gone = await store.addIntegration('gone')
  await store.pool.query('update hub.integrations set deleted_at = now() where id = $1', [gone])
  const event = await store.addDead([gone])
  const act = { ...actOn(event), key: { eventId: event.id, integrationId: gone, seq: event.seq } }
  await assert.rejects(acting.retry(act), refuses('conflict'))
  await acting.cancel(act)
  assert.deepEqual(await store.counters(gone), { cancelled: 1 })
})

test('of many that act at once on a delivery, one does, and its end is recorded once', async () => {
  for (let round = 0; round < 10; round++) {
    const event = await store.addDead([billingId], { state: 'manual' })
    const results = await Promise.allSettled([
      acting.cancel(actOn(event)),
      acting.resolve(actOn(event)),
      acting.cancel(actOn(event)),
      acting.resolve(actOn(event)),
    ])
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    const { rows } = await store.pool.query<{ count: number }>(
      `select count(*) from hub.attempts where seq = $1 and ended in ('cancelled', 'resolved')`,
      [event.seq],
    )
    assert.equal(rows[0]?.count, 1)
  }
})
