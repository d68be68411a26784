import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closedCircuit, forceCircuit, type Circuit } from '../core/circuit.ts'
import { keepCircuit, loadCircuits } from '../store/circuits.ts'
import type { Pool } from '../store/database.ts'
import { billingId, TestStore } from '../testing/store.ts'
import { until } from '../testing/until.ts'
import { CircuitKeeper } from './circuit-keeper.ts'
import { Telemetry } from './telemetry.ts'

let store: TestStore
before(async () => (store = await TestStore.create()))
after(() => store.close())

const open: Circuit = { ...closedCircuit(0), phase: 'open', openMs: 1_000, probeAtMs: 1_000 }
const telemetry = new Telemetry((error) => assert.fail(error as Error))

/** A store that takes nothing while it is away. */
function fleetingStore(): { readonly pool: Pool; isAway: boolean } {
  const { pool } = store
  const query = async (...args: unknown[]): Promise<unknown> => {
    if (fleeting.isAway) throw new Error('gone')
    return Reflect.apply(pool.query.bind(pool), null, args) as unknown
  }
  const fleeting = { pool: Object.create(pool, { query: { value: query } }) as Pool, isAway: true }
  return fleeting
}

// Seen to fail with: what could not be written forgotten; what is kept taken for newer than what has yet to be written.
test('a change that the store did not take is written when it is back, and holds meanwhile', async (t) => {
  const fleeting = fleetingStore()
  const keeper = new CircuitKeeper(fleeting.pool, telemetry)
  t.after(() => keeper.stop())
  await keepCircuit(store.pool, billingId, closedCircuit(0), true)
  keeper.keep(billingId, open, false)
  await assert.rejects(keeper.written())
  fleeting.isAway = false
  assert.deepEqual(await keeper.changedElsewhere(), [])
  await until(
    'it is kept',
    async () => (await loadCircuits(store.pool)).get(billingId)?.openMs === open.openMs,
  )
  await keeper.written()
  assert.deepEqual(await keeper.changedElsewhere(), [])
})

// Seen to fail with: what one node saw written over what a person wished at another; a wish forgotten when something was
// seen before it was written.
test('what a person opened only a person closes, whatever other nodes see before they know', async (t) => {
  const fleeting = fleetingStore()
  const [one, other] = [new CircuitKeeper(store.pool, telemetry), new CircuitKeeper(fleeting.pool, telemetry)]
  t.after(() => Promise.all([one.stop(), other.stop()]))
  one.keep(billingId, forceCircuit('open', 0), true)
  await one.written()
  fleeting.isAway = false
  other.keep(billingId, open, false)
  await other.written()
  const kept = (await loadCircuits(store.pool)).get(billingId)
  assert.equal(kept?.forced, true)
  assert.deepEqual(await other.changedElsewhere(), [[billingId, kept]])
  assert.deepEqual(await one.changedElsewhere(), [])

  fleeting.isAway = true
  other.keep(billingId, closedCircuit(0), true)
  await assert.rejects(other.written())
  fleeting.isAway = false
  other.keep(billingId, open, false)
  await other.written()
  assert.equal((await loadCircuits(store.pool)).get(billingId)?.openMs, open.openMs)
})

test('a stop gives up what the store does not take', async () => {
  const keeper = new CircuitKeeper(fleetingStore().pool, telemetry)
  keeper.keep(billingId, open, false)
  await keeper.stop()
})
