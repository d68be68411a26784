/**
 * `npm run test:followers -- --followers 1000000`: what claims cost while a million events wait behind the head of one
 * subject, and it fails. Prints the time of a claim without them, just after they came, and once the mark is past them.
 */
import { parseArgs } from 'node:util'
import { layOut } from '../../bench/table.ts'
import { PostgresQueue } from '../../packages/hub/src/queue/postgres.ts'
import { insert, ordered, TestNode } from '../../packages/hub/src/queue/ready-queue-testing.ts'
import { startTestServer } from '../../packages/hub/src/testing/server.ts'
import { billingId, TestStore } from '../../packages/hub/src/testing/store.ts'

const { values } = parseArgs({
  options: {
    followers: { type: 'string', default: '1000000' },
    claims: { type: 'string', default: '200' },
  },
})
const followers = Number(values.followers)
const claims = Number(values.claims)
/** Of other subjects, that a claim finds and takes. */
const rowsPerClaim = 100
const stuck = 1
const mostGrowth = 2

const server = await startTestServer()
process.env['HUB_TEST_DATABASE_URL'] = server.url
const store = await TestStore.create()
let lastSeq = 0
try {
  process.exitCode = await run()
} finally {
  await store.close()
  await server.stop()
}

async function run(): Promise<number> {
  const queue = new PostgresQueue(store.pool, 0)
  const node = await TestNode.begin(store.pool, 'node', queue)
  await measure(node)
  const without = await measure(node)
  await addFollowers(node)
  const firstMs = await timed(() => drain(node))
  const withThem = await measure(node)
  const lookMs = await timed(() => queue.waiting([ordered]))
  const afterLook = await measure(node)
  queue.lookAgain()
  const againMs = await timed(() => drain(node))
  const rows = [
    ['', 'ms'],
    [`a claim of ${rowsPerClaim}, median, without`, without.toFixed(2)],
    [`the first claims past ${followers.toLocaleString('en')} followers, once`, firstMs.toFixed(0)],
    [`a claim of ${rowsPerClaim}, median, behind them`, withThem.toFixed(2)],
    ['a look from the beginning', lookMs.toFixed(2)],
    [`a claim of ${rowsPerClaim}, median, after the look`, afterLook.toFixed(2)],
    ['all followers again, when a node joined or died', againMs.toFixed(0)],
  ]
  console.log(layOut(rows))
  const growth = Math.max(withThem, afterLook) / without
  console.log(`behind them ÷ without: ${growth.toFixed(2)} (at most ${mostGrowth})`)
  return growth <= mostGrowth ? 0 : 1
}

/** As the hot path leaves them: free, never tried, behind one that waits for its retry. */
async function addFollowers(node: TestNode): Promise<void> {
  await insert(store.pool, { seq: ++lastSeq, subjectKey: stuck })
  await node.claimFresh(1, ordered)
  await node.retry(lastSeq, 86_400_000)
  await store.pool.query(
    `insert into hub.queue (integration_id, seq, event_id, body_bytes, subject_key)
     select $1, $2 + n, gen_random_uuid(), 1024, $3 from generate_series(1, $4::int) as n`,
    [billingId, lastSeq, stuck, followers],
  )
  lastSeq += followers
}

/** Others come behind what waits, are claimed and end. The median of the claims, in milliseconds. */
async function measure(node: TestNode): Promise<number> {
  const times: number[] = []
  for (let count = 0; count < claims; count++) {
    const rows = Array.from({ length: rowsPerClaim }, () => ({ seq: ++lastSeq, subjectKey: lastSeq + 1_000 }))
    await insert(store.pool, ...rows)
    let claimed: readonly number[] = []
    times.push(await timed(async () => (claimed = await node.claimFresh(500, ordered))))
    if (claimed.length !== rowsPerClaim)
      throw new Error(`${claimed.length} were claimed, not ${rowsPerClaim}`)
    await node.end(...claimed)
  }
  return times.toSorted((one, other) => one - other)[Math.floor(claims / 2)] ?? NaN
}

/** Until it says that there is nothing more. */
async function drain(node: TestNode): Promise<void> {
  for (;;) {
    const { rows, isLast } = await node.queue.claimFresh(ordered, node.epoch, 500)
    if (rows.length > 0) throw new Error('one behind a head that waits was claimed')
    if (isLast) return
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}
