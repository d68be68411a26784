import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { testIntegration } from '../testing/integration.ts'
import { billingId, daysAgo, TestStore } from '../testing/store.ts'
import { until } from '../testing/until.ts'
import { chores } from './chores.ts'
import { indexCatalog } from './live-catalog.ts'
import { Telemetry } from './telemetry.ts'

const batch = 500

let store: TestStore
before(async () => {
  store = await TestStore.create()
  await store.addDays(daysAgo(3))
})
beforeEach(() => store.empty())
after(() => store.close())

interface Situation {
  readonly spec: object
  readonly isDown: boolean
}

/** The chores of a node that is alone, in a situation that may change. */
async function choresIn(situation: () => Situation) {
  await store.pool.query(
    `insert into hub.nodes (epoch, node_key, lease_until, started_at, host, version)
     values (nextval('hub.epochs'), 'node', now() + interval '1 minute', now(), '', '')`,
  )
  const catalog = {
    get current() {
      const integrations = [testIntegration(billingId, 'billing', situation().spec)]
      return indexCatalog({ version: 1, sources: [], integrations, keys: [] })
    },
  }
  return chores({
    config: { retentionDays: 30 },
    pool: store.pool,
    nodeKey: 'node',
    catalog,
    telemetry: new Telemetry((error) => assert.fail(String(error))),
    isDown: () => situation().isDown,
    now: () => new Date(),
  })
}

async function addWaiting(count: number): Promise<void> {
  const { id } = await store.addEvent({ time: daysAgo(3), routes: [billingId] })
  await store.pool.query(
    `insert into hub.queue (integration_id, seq, event_id, body_bytes)
     select $1, n, $2, 2 from generate_series(1, $3::int) n`,
    [billingId, id, count],
  )
}

/** Runs `work`, and `change` while its first dead letters are being written. */
async function changedMeanwhile(work: () => Promise<unknown>, change: () => void): Promise<void> {
  const client = await store.pool.connect()
  try {
    await client.query('begin; lock table hub.dead_letters in share mode')
    const working = work()
    await until('the first batch is being written', async () => {
      const { rowCount } = await client.query(
        `select from pg_locks where relation = 'hub.dead_letters'::regclass and not granted`,
      )
      return rowCount === 1
    })
    change()
    await client.query('commit')
    await working
  } finally {
    client.release()
  }
}

const expiring = { spec: { expireAfterDays: 1 }, isDown: false }
const down = { spec: { retry: { giveUpAfterMs: 60_000 } }, isDown: true }

// Seen to fail with: the policy, the pause and the circuit as they were when the pass began.
for (const [name, meanwhile, first, then] of [
  ['expiry', 'the time is made longer', expiring, { ...expiring, spec: { expireAfterDays: 30 } }],
  ['expiry', 'the time is taken away', expiring, { ...expiring, spec: {} }],
  ['giving up', 'the time is made longer', down, { ...down, spec: { retry: { giveUpAfterMs: 9e8 } } }],
  ['giving up', 'the circuit closes', down, { ...down, isDown: false }],
  ['giving up', 'it is paused', down, { ...down, spec: { ...down.spec, paused: true } }],
] as const) {
  test(`${name} ends no more than its batch when ${meanwhile} during a pass`, async () => {
    await addWaiting(3 * batch)
    let situation: Situation = first
    const chore = (await choresIn(() => situation)).find((each) => each.name === name)
    assert.ok(chore)
    await changedMeanwhile(chore.run, () => (situation = then))
    const { dead = 0, queued = 0 } = await store.counters(billingId)
    assert.deepEqual([dead, queued], [batch, -batch])
    situation = first
    await chore.run()
    assert.equal((await store.counters(billingId))['dead'], 3 * batch)
  })
}
