/**
 * `npm run chaos -- --minutes 10 --seed 1 --nodes 3 --queue rabbitmq`: several nodes under load while faults of nodes and
 * database, of targets, and of the broker follow one another side by side, and an auditor that has counted what was
 * accepted and what came. Ends with 1 if anything was lost, changed, misdelivered or out of order. `--events N` goes on
 * until so many were accepted, for up to twice as long. `--bug NAME` plants a bug first: then it must end with 1.
 * `npm run chaos -- --audit` does that for all.
 */
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../packages/hub/src/testing/until.ts'
import { removeDataDirs } from '../support/hub-process.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { Random } from '../support/random.ts'
import { readEventsOf, readLeftOver, readStoreTruth, type StoreTruth } from '../support/store-truth.ts'
import { AnyNode } from './chaos/any-node.ts'
import { leftOut, targetTimeoutMs } from './chaos/lanes.ts'
import { bugs } from './chaos/named.ts'
import { readOptions } from './chaos/options.ts'
import { playFaults } from './chaos/play.ts'
import { formatFaults, type Played } from './chaos/report.ts'
import { database, setStage, storeOf, type Closing } from './chaos/set-stage.ts'
import { allReady, type Stage } from './chaos/stage.ts'
import { callWitness, foreignEndings } from './chaos/witness.ts'
import { Load } from './crash/load.ts'
import { faultsOf, formatVerdict, lastWord } from './crash/report.ts'
import { behaveAsUsual, configure, targets } from './crash/world.ts'

const options = readOptions()
/** What a fault leaves owed must have arrived within this, when all is well again. */
const drainWithinMs = 90_000
const peaceMs = 6_000
/** As much as drains in that time on a slow machine: what is owed beyond it is a matter of speed, not of loss. */
const mostMissing = 20_000

process.exitCode = options.audit ? auditTheAuditor() : await play()

async function play(): Promise<number> {
  const closing: Closing = [removeDataDirs]
  const end = async (): Promise<void> => {
    for (const close of closing.splice(0).toReversed()) await close()
  }
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void end().then(() => process.exit(1)))
  try {
    return await run(await setStage(options, closing))
  } finally {
    await end()
  }
}

async function run(stage: Stage): Promise<number> {
  const startedMs = performance.now()
  const { auditor, sink } = stage
  await callWitness(stage.postgres, database)
  const load = await startLoad(stage)
  const failures: string[] = []
  const failed = (error: unknown): void => void failures.push((error as Error).message)
  const played: Played[] = []
  await playFaults(stage, {
    seed: options.seed,
    bug: options.bug,
    isOver: () => isOver(performance.now() - startedMs, auditor.acceptedCount),
    played,
  }).catch(failed)
  behaveAsUsual(sink, new Random(options.seed))
  await allReady(stage).catch(failed)
  // A row that nobody looks after would be freed by the next fault, and nobody would know.
  await sleep(peaceMs)
  await load.stop().catch(failed)
  const settledMs = performance.now()
  await until('all that is owed has arrived', () => auditor.missing === 0, drainWithinMs).catch(failed)
  const drainedMs = performance.now() - settledMs
  const truth = await settledTruth(stage.postgres)
  const foreign = await foreignEndings(stage.postgres, database)
  if (foreign > 0) failures.push(`${foreign} rows were ended by nodes that did not own them`)
  const verdict = auditor.judge()
  const wrong = [...failures, ...faultsOf(verdict, truth)]
  console.log([formatFaults(played), '', ...leftOut(stage), formatVerdict(verdict, truth), ''].join('\n'))
  console.log(`answers: ${[...load.answers].map(([name, count]) => `${name} ${count}`).join(', ')}`)
  const seconds = Math.round((performance.now() - startedMs) / 1_000)
  const setting = `seed ${options.seed}, ${options.nodes} nodes, queue ${options.queue}, rate ${options.rate}/s`
  console.log(
    `${setting}, ${seconds} s, ${played.length} faults, drained in ${Math.round(drainedMs)} ms after the last`,
  )
  if (wrong.length > 0) {
    const store = storeOf(stage.postgres)
    for (const row of await readLeftOver(store)) console.log(JSON.stringify(row))
    for (const row of await readEventsOf(store, verdict.findings.slice(0, 50)))
      console.log(JSON.stringify(row))
  }
  console.log(lastWord(verdict))
  console.log(wrong.length === 0 ? 'Nothing was lost.' : `FAILED: ${wrong.join('; ')}`)
  return wrong.length === 0 ? 0 : 1
}

/** A slow machine gets more time for the events that were asked for, but not for ever. */
function isOver(tookMs: number, acceptedCount: number): boolean {
  const minutes = tookMs / 60_000
  return minutes >= options.minutes && (acceptedCount >= options.events || minutes >= 2 * options.minutes)
}

async function startLoad({ cluster, auditor, sink, toTargets }: Stage): Promise<Load> {
  const [first] = cluster.nodes
  if (!first) throw new Error('there is no node')
  const urlOf = (name: string): string => {
    const target = targets.find((one) => one === name)
    return `http://127.0.0.1:${target && toTargets.get(target)?.port}/${name}`
  }
  const keys = await configure(first.api, { urlOf }, targetTimeoutMs(options.bug))
  behaveAsUsual(sink, new Random(options.seed))
  const api = new AnyNode(cluster.nodes.map((node) => node.api))
  await api.know(Object.values(keys))
  const { seed, rate } = options
  const mayGoOn = (): boolean => auditor.missing < mostMissing
  const pace = { eventsPerSecond: rate, workers: 96, timeoutMs: 3_000, mayGoOn }
  const load = new Load({ api, keys, auditor, seed, ...pace })
  load.start(1)
  return load
}

/** What the store says when the last outcomes are written, or what it says in the end. */
async function settledTruth(postgres: PostgresServer): Promise<StoreTruth> {
  const store = storeOf(postgres)
  const isSettled = async (): Promise<boolean> => (await readStoreTruth(store)).queued === 0
  await until('the queue is empty', isSettled, 30_000).catch(() => undefined)
  return readStoreTruth(store)
}

/** Each bug must make a run fail, and the same run without it must not. */
function auditTheAuditor(): number {
  const always = [
    '--minutes',
    '0.5',
    '--nodes',
    '2',
    '--seed',
    String(options.seed),
    '--queue',
    options.queue,
  ]
  const runs = [null, ...bugs].map((bug) => {
    const args = [import.meta.filename, ...always, ...(bug ? ['--bug', bug] : [])]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    const isRight = (status !== 0) === (bug !== null)
    console.log(`${isRight ? 'right' : 'WRONG'}: ${bug ?? 'no bug'}: ${stdout.trim().split('\n').at(-1)}`)
    return isRight
  })
  return runs.every(Boolean) ? 0 : 1
}
