/**
 * `npm run test:crash -- --rounds 30 --seed 1`: kill -9 under load, again and again, and an auditor that has counted
 * what was accepted and what came. Ends with 1 if anything was lost, changed, misdelivered or out of order.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api } from '../support/api.ts'
import { Auditor } from '../support/auditor.ts'
import { lastingPort } from '../support/free-port.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { Random } from '../support/random.ts'
import { isTaken, Sink } from '../support/sink.ts'
import { embeddedStore, readStoreTruth } from '../support/store-truth.ts'
import { Load } from './crash/load.ts'
import { faultsOf, formatRecovery, formatRounds, formatVerdict } from './crash/report.ts'
import { playRound, type Round, type Stage } from './crash/rounds.ts'
import { behaveAsUsual, configure, orderedTargets } from './crash/world.ts'

const options = readOptions()
const dataDir = newDataDir()
const adminKey = randomBytes(32).toString('hex')
const env = { HUB_PORT: String(await lastingPort()), HUB_ADMIN_KEY: adminKey, HUB_LOG_LEVEL: 'warn' }
let hub = new HubProcess(dataDir, { env, by: options.by })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end().then(() => process.exit(1)))
try {
  process.exitCode = await run()
} finally {
  await end()
}

function start(): HubProcess {
  return (hub = new HubProcess(dataDir, { env, by: options.by }))
}

async function end(): Promise<void> {
  await hub.killEverything()
  removeDataDirs()
}

async function run(): Promise<number> {
  const startedMs = performance.now()
  const stage = await setStage()
  const rounds: Round[] = []
  const failures: string[] = []
  try {
    for (let number = 1; number <= options.rounds; number++) {
      const [round, next] = await playRound(stage, hub, number)
      hub = next
      rounds.push(round)
      process.stderr.write(`${JSON.stringify(round)}\n`)
    }
  } catch (error) {
    failures.push((error as Error).message)
  }
  const truth = await settledTruth()
  const verdict = stage.auditor.judge()
  const faults = [...failures, ...faultsOf(verdict, truth)]
  console.log(`${formatRounds(rounds)}\n\n${formatRecovery(rounds)}\n${formatVerdict(verdict, truth)}\n`)
  console.log(`answers: ${[...stage.load.answers].map(([name, count]) => `${name} ${count}`).join(', ')}`)
  console.log(`seed ${options.seed}, ${Math.round((performance.now() - startedMs) / 1_000)} s`)
  console.log(faults.length === 0 ? 'Nothing was lost.' : `FAILED: ${faults.join('; ')}`)
  if (faults.length > 0) console.error(hub.stdout.slice(-10_000))
  stage.api.close().catch(() => undefined)
  await stage.sink.stop()
  return faults.length === 0 ? 0 : 1
}

async function setStage(): Promise<Stage> {
  const sink = await Sink.start()
  const auditor = new Auditor({ ordered: orderedTargets, reachMs: 2_000 })
  sink.onArrival((arrival, answer) => {
    const taken = isTaken(answer)
    const { target, eventId, sha256, contentType, attempt, atMs } = arrival
    auditor.got({ target, eventId, sha256, contentType, attempt, atMs, taken })
  })
  const api = new Api(await hub.ready(), adminKey)
  const { seed, rate: eventsPerSecond } = options
  const keys = await configure(api, sink)
  behaveAsUsual(sink, new Random(seed))
  const load = new Load({ api, keys, auditor, eventsPerSecond, seed })
  return { api, sink, auditor, load, seed, start }
}

/** What the store says when the last outcomes are written, or what it says in the end. */
async function settledTruth(): Promise<Awaited<ReturnType<typeof readStoreTruth>>> {
  const isSettled = async (): Promise<boolean> => (await readStoreTruth(embeddedStore(dataDir))).queued === 0
  await until('the queue is empty', isSettled, 10_000).catch(() => undefined)
  return readStoreTruth(embeddedStore(dataDir))
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      rate: { type: 'string', default: '600' },
      by: { type: 'string', default: 'npm' },
    },
  })
  return {
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    rate: Number(values.rate),
    by: values.by === 'node' ? ('node' as const) : ('npm' as const),
  }
}
