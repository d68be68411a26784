// The engine that ships through an outage of a target, in virtual time: `npm run test:outage -- --minutes 60`. Ends with
// 1 if waiting used up attempts, a poisonous event did not end by its policy, or the backlog drained too fast.
import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import type { Outcome } from '../../packages/hub/src/core/outcome.ts'
import { sampleOutcome } from '../../packages/hub/src/core/outcome-testing.ts'
import { startTestServer } from '../../packages/hub/src/testing/server.ts'
import { eventOf, numberOf } from './scenario.ts'
import { Schedule } from './schedule.ts'
import { SimulatedCatalog } from './simulated-catalog.ts'
import { createNode } from './simulated-node.ts'
import { openStore } from './store.ts'
import { installVirtualTime, startMs, time } from './virtual-time.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
})
const outageMs = Number(values.minutes) * 60_000
const events = 200
const poison = 1
const poisonSql = `select id from hub.events where (convert_from(body, 'utf8')::json ->> 'n')::int = ${poison}`
const rate = { perSecond: 5, burst: 10 }
const maxAttempts = 8
const failures = 5
const sick = {
  circuit: { failures, openMs: 5_000, maxOpenMs: 300_000 },
  retry: { delaysMs: [1_000], jitter: 0, maxAttempts },
  rateLimit: rate,
  concurrency: 4,
}

const server = await startTestServer()
process.env['HUB_TEST_DATABASE_URL'] = server.url
const { postgres, url, catalog } = await openStore({ sick })
const schedule = new Schedule(Number(values.seed), postgres, Infinity)
schedule.isCalm = true
installVirtualTime(() => schedule.random.next())

interface Sent {
  readonly n: number
  readonly sinceMs: number
  readonly isDown: boolean
}
const sent: Sent[] = []
const down: readonly Partial<Outcome>[] = [
  { httpStatus: 503 },
  { httpStatus: 502 },
  { httpStatus: 504 },
  { httpStatus: null, errorClass: 'timeout' },
  { httpStatus: null, errorClass: 'refused' },
]

const node = 'node'
await time.within(node, async () => {
  const { engine } = createNode({
    ...{ name: node, key: node, url, catalog: new SimulatedCatalog(catalog), schedule },
    settings: { leaseMs: 60_000, renewEveryMs: 15_000 },
    deliver: async (_, delivery) => {
      const n = numberOf(delivery)
      const sinceMs = time.nowMs - startMs
      const isDown = sinceMs < outageMs
      sent.push({ n, sinceMs, isDown })
      const startedAt = new Date()
      await new Promise((resolve) => setTimeout(resolve, 20))
      return { ...answerFor(n, isDown), startedAt, durationMs: 20 }
    },
  })
  let isDone = false
  const [source] = catalog.catalog.sources
  assert.ok(source)
  const begun = engine
    .start()
    .then(() =>
      engine.accept(
        source,
        Array.from({ length: events }, (_unused, index) => eventOf(index + 1, null)),
      ),
    )
    .then(() => (isDone = true))
  await time.within(undefined, () => schedule.runUntil(() => isDone))
  await begun
  await time.within(undefined, () => schedule.runUntil(() => time.nowMs - startMs >= outageMs))
  await assertUnspent()
  await time.within(undefined, () =>
    schedule.runUntil(
      async () =>
        schedule.steps % 20 === 0 && (await postgres.rows('select from hub.queue limit 1')).length === 0,
    ),
  )
  let isStopped = false
  void engine.stop(1_000).finally(() => (isStopped = true))
  await time.within(undefined, () => schedule.runUntil(() => isStopped))
})
await assertEnded()
assertRateKept()
process.stdout.write(
  `${values.minutes} minutes of outage: ${sent.filter(({ isDown }) => isDown).length} requests of ${events} events, ` +
    `then ${sent.filter(({ isDown }) => !isDown).length} in ${Math.round(((sent.at(-1)?.sinceMs ?? 0) - outageMs) / 1_000)} s; ` +
    `seed ${values.seed}, ${schedule.steps} steps: as it should be\n`,
)
await postgres.end()
await server.stop()
process.exit(0)

function answerFor(n: number, isDown: boolean): Outcome {
  if (n === poison) return sampleOutcome({ httpStatus: 500 })
  if (isDown) return sampleOutcome(schedule.random.pick(down))
  return sampleOutcome({ result: 'delivered', httpStatus: 200, errorClass: null, error: null })
}

/** Only what opened the circuit was counted, and what has come back with an answer since. */
async function assertUnspent(): Promise<void> {
  const rows = await postgres.rows<{ counted: number; attempts: number }>(
    `select sum(counted)::int as counted, sum(attempts)::int as attempts from hub.queue
     where event_id not in (${poisonSql})`,
  )
  const [{ counted, attempts } = { counted: NaN, attempts: NaN }] = rows
  assert.ok(counted <= failures + sick.concurrency, `${counted} attempts were used up`)
  // A minute of doubling up to five, and then one probe in five minutes.
  assert.ok(attempts - counted >= Math.floor(outageMs / sick.circuit.maxOpenMs), `${attempts} were sent`)
  assert.ok(
    sent.length <= failures + sick.concurrency + 8 + outageMs / sick.circuit.maxOpenMs,
    `${sent.length} were sent`,
  )
  const dead = await postgres.rows(`select from hub.dead_letters where event_id not in (${poisonSql})`)
  assert.equal(dead.length, 0)
}

async function assertEnded(): Promise<void> {
  const rows = await postgres.rows<{ ended: string; count: number }>(
    `select ended, count(*)::int from hub.attempts where ended is not null group by 1 order by 1`,
  )
  assert.deepEqual(
    rows.map(({ ended, count }) => [ended, count]),
    [
      ['dead', 1],
      ['delivered', events - 1],
    ],
  )
  const [letter] = await postgres.rows<{ counted: number }>(
    `select counted::int from hub.dead_letters where event_id in (${poisonSql})`,
  )
  assert.equal(letter?.counted, maxAttempts)
}

function assertRateKept(): void {
  const times = sent.filter(({ isDown }) => !isDown).map(({ sinceMs }) => sinceMs)
  for (const [first, fromMs] of times.entries()) {
    for (const [index, toMs] of times.slice(first).entries()) {
      const most = rate.burst + (rate.perSecond * (toMs - fromMs)) / 1_000
      assert.ok(index + 1 <= most + 1e-6, `${index + 1} went out in ${toMs - fromMs} ms`)
    }
  }
  // The first probe after the outage may be the poisonous one, which tells nothing: the next is an open time later.
  const firstMs = sent.find(({ n, isDown }) => !isDown && n !== poison)?.sinceMs ?? 0
  const lastMs = times.at(-1) ?? 0
  const shortestMs = ((times.length - rate.burst) / rate.perSecond) * 1_000
  assert.ok(lastMs - firstMs <= shortestMs + maxAttempts * 2_000, `it took ${lastMs - firstMs} ms to drain`)
}
