import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import type pg from 'pg'
import { billingId, TestStore } from '../testing/store.ts'
import { until } from '../testing/until.ts'
import { sendBurst } from './burst.ts'
import { beginByIndex, openPool } from './database.ts'
import { beginEpoch, epochGuard, isOver, leave, renewLease, takeOverDeadNodes } from './nodes.ts'
import { insertQueueRows } from './queue.ts'

const seed = 20_26
const longMs = 60_000
const eventId = '01990000-0000-7000-8000-000000000001'
let store: TestStore
let lastSeq = 0

before(async () => {
  store = await TestStore.create()
  // Sessions are ended on purpose here, some of them just when they are idle again.
  store.pool.removeAllListeners('error').on('error', () => undefined)
})
after(() => store.close())
beforeEach(() => store.empty())

function begin(nodeKey: string, leaseMs = longMs): Promise<number> {
  return beginEpoch(store.pool, { nodeKey, host: 'test', version: '0' }, leaseMs)
}

interface OpenFlush {
  readonly client: pg.PoolClient
  readonly isAlive: boolean
}

/** What a flush does: owns new rows if its epoch is alive. Stops before COMMIT. */
async function openFlush(epoch: number): Promise<OpenFlush> {
  const client = await store.pool.connect()
  try {
    const found = await sendBurst(client, [{ sql: beginByIndex }, ...epochGuard(epoch)])
    const isAlive = found.at(-1)?.rows[0]?.['alive'] === true
    const owner = isAlive ? epoch : null
    const delivery = {
      integrationId: billingId,
      seq: ++lastSeq,
      eventId,
      bodyBytes: 2,
      due: null,
      subjectKey: null,
      restartedAt: null,
    }
    await sendBurst(client, [insertQueueRows([{ delivery, owner }])])
    return { client, isAlive }
  } catch (error) {
    client.release(true)
    throw error
  }
}

async function commit({ client }: OpenFlush): Promise<void> {
  try {
    await client.query('commit')
  } catch (error) {
    client.release(true)
    throw error
  }
  client.release()
}

async function flush(epoch: number): Promise<boolean> {
  const opened = await openFlush(epoch)
  await commit(opened)
  return opened.isAlive
}

async function owners(): Promise<readonly (number | null)[]> {
  const { rows } = await store.pool.query<{ owner: number | null }>(
    'select owner from hub.queue order by seq',
  )
  return rows.map(({ owner }) => owner)
}

async function endLease(epoch: number): Promise<void> {
  await store.pool.query(`update hub.nodes set lease_until = now() - interval '1 second' where epoch = $1`, [
    epoch,
  ])
}

// Seen to fail with: the old epoch not ended; its rows not freed.
test('a node that begins anew supersedes its own epoch at once, and no other', async () => {
  const [first, other] = [await begin('a'), await begin('b')]
  for (const epoch of [first, other]) assert.ok(await flush(epoch))
  const second = await begin('a')
  assert.ok(second > first)
  assert.deepEqual(await owners(), [null, other])
  assert.equal(await renewLease(store.pool, first, longMs), null)
  assert.ok(await renewLease(store.pool, second, longMs))
  assert.equal(await flush(first), false)
})

// Seen to fail with: leases not looked at; rows not freed; the epoch not deleted.
test('a node whose lease is over is taken over by the others, one that is late by itself goes on', async () => {
  const [dead, late, alive] = [await begin('dead'), await begin('late'), await begin('alive')]
  for (const epoch of [dead, late, alive]) assert.ok(await flush(epoch))
  await endLease(late)
  assert.ok(await renewLease(store.pool, late, longMs))
  await endLease(dead)
  const renewal = await renewLease(store.pool, alive, longMs)
  assert.deepEqual(
    new Map(renewal?.others.map((lease) => [lease.epoch, isOver(lease)])),
    new Map([
      [dead, true],
      [late, false],
    ]),
  )
  assert.equal((await takeOverDeadNodes(store.pool)).dead, 1)
  assert.equal((await takeOverDeadNodes(store.pool)).dead, 0)
  assert.deepEqual(await owners(), [null, late, alive])
  assert.equal(await renewLease(store.pool, dead, longMs), null)
})

// Seen to fail with: told of when all of them are taken over; the first that fails the end of it.
test('a node that cannot be taken over yet keeps nobody from hearing of the others', async () => {
  const dead = [await begin('first'), await begin('second'), await begin('third')]
  const [first, second, third] = dead
  for (const epoch of dead) {
    assert.ok(await flush(epoch))
    await endLease(epoch)
  }
  const holder = await store.pool.connect()
  await holder.query('begin')
  await holder.query('select from hub.queue where owner = $1 for update', [second])
  let told = 0
  await assert.rejects(
    takeOverDeadNodes(store.pool, () => void told++),
    /lock timeout/,
  )
  await holder.query('rollback')
  holder.release()
  assert.equal(told, 2)
  assert.ok(first && third)
  assert.deepEqual(await owners(), [null, second, null])
})

test('a node that leaves gives its rows back', async () => {
  const [leaving, staying] = [await begin('a'), await begin('b')]
  for (const epoch of [leaving, staying]) assert.ok(await flush(epoch))
  await leave(store.pool, leaving)
  assert.deepEqual(await owners(), [null, staying])
})

// Seen to fail with: the guard taken without its lock; with the rows freed in the snapshot of the deletion.
test('an epoch does not end under a flush that is about to own rows', async () => {
  const epoch = await begin('a')
  const opened = await openFlush(epoch)
  const left = leave(store.pool, epoch)
  await until('the end waits', async () => (await waitingForLocks()) > 0)
  await commit(opened)
  await left
  assert.deepEqual(await owners(), [null])
})

async function waitingForLocks(): Promise<number> {
  const { rowCount } = await store.pool.query(
    `select from pg_locks where not granted and locktype = 'advisory'
       and database = (select oid from pg_database where datname = current_database())`,
  )
  return rowCount ?? 0
}

// Seen to fail with: the sessions of the dead epoch not ended.
test('a node that stopped in the middle of a transaction is cut off when its lease is over', async () => {
  const [stopped, other] = [await begin('stopped'), await begin('other')]
  const opened = await openFlush(stopped)
  await endLease(stopped)
  assert.equal((await takeOverDeadNodes(store.pool)).dead, 1)
  await assert.rejects(commit(opened))
  assert.deepEqual(await owners(), [])
  assert.ok(await flush(other))
})

// Seen to fail (it waited as long as the session lived) with: the lock waited for without a limit.
test('a restart does not wait for what its stopped predecessor left open', async () => {
  const stopped = await begin('a')
  const opened = await openFlush(stopped)
  const next = await begin('a')
  assert.ok(next > stopped)
  await assert.rejects(commit(opened))
  assert.deepEqual(await owners(), [])
})

// Seen to fail with: `now()` for `clock_timestamp()`.
test('a lease begins when the rows of the former epoch are free, however long that takes', async () => {
  const leaseMs = 300
  const old = await begin('a')
  assert.ok(await flush(old))
  const client = await store.pool.connect()
  await client.query('begin')
  await client.query('select from hub.queue for update')
  const begun = begin('a', leaseMs)
  await client.query('select pg_sleep($1)', [(leaseMs + 100) / 1_000])
  await client.query('commit')
  client.release()
  const epoch = await begun
  const { rows } = await store.pool.query(
    'select lease_until > now() as lasts from hub.nodes where epoch = $1',
    [epoch],
  )
  assert.deepEqual(rows, [{ lasts: true }])
})

// Seen to fail with: the limit of every other answer.
test('the rows of an epoch are freed, however long an answer is waited for otherwise', async () => {
  const epoch = await begin('a')
  assert.ok(await flush(epoch))
  const options = { url: store.url, applicationName: 'impatient', maxConnections: 1, answerWithinMs: 300 }
  const impatient = openPool(options, () => undefined)
  const blocker = await store.pool.connect()
  await blocker.query('begin')
  await blocker.query('select from hub.queue for update')
  const left = leave(impatient, epoch)
  await blocker.query('select pg_sleep(0.6)')
  await blocker.query('commit')
  blocker.release()
  await left
  await impatient.end()
  assert.deepEqual(await owners(), [null])
})

type Step = { readonly does: 'begin' | 'leave' | 'flush' | 'die' | 'take over'; readonly who: 0 | 1 | 2 }

const anyStep: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom('begin', 'leave', 'flush', 'flush', 'flush', 'die', 'take over'),
  who: fc.constantFrom(0, 1, 2),
})

// Seen to fail with: the guard always saying that the epoch is alive; the guard taken without its lock.
test('no row is ever left with an owner that is not alive', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(anyStep, { maxLength: 4 }), { maxLength: 8 }), async (turns) => {
      await store.empty()
      const epochs = await Promise.all([0, 1, 2].map((who) => begin(String(who))))
      const run = async ({ does, who }: Step): Promise<void> => {
        const epoch = epochs[who] ?? 0
        if (does === 'begin') epochs[who] = await begin(String(who)).catch(() => epoch)
        if (does === 'leave') await leave(store.pool, epoch)
        if (does === 'flush') await flush(epoch)
        if (does === 'die') await endLease(epoch)
        if (does === 'take over') await takeOverDeadNodes(store.pool).catch(() => undefined)
      }
      for (const together of turns) {
        const [orphans] = await Promise.all([countOrphans(), ...together.map(settled(run))])
        assert.equal(orphans, 0)
      }
      assert.equal(await countOrphans(), 0)
    }),
    { seed, numRuns: 25 },
  )
})

/** A step may lose against another one, such as a takeover that ends a session. */
function settled(run: (step: Step) => Promise<void>): (step: Step) => Promise<void> {
  return (step) => run(step).catch(() => undefined)
}

async function countOrphans(): Promise<number> {
  const { rowCount } = await store.pool.query(
    'select from hub.queue where owner is not null and owner not in (select epoch from hub.nodes)',
  )
  return rowCount ?? 0
}
