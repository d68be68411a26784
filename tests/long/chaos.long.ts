/**
 * `npm run chaos -- --minutes 10 --seed 1 --nodes 3`: several nodes under load while one fault follows another, and an
 * auditor that has counted what was accepted and what came. Ends with 1 if anything was lost, changed, misdelivered or
 * out of order. `--bug NAME` plants a bug first: then it must end with 1. `npm run chaos -- --audit` does that for all.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { until } from '../../packages/hub/src/testing/until.ts'
import { locateService } from '../../scripts/services.ts'
import { Auditor } from '../support/auditor.ts'
import { Cluster, type ClusterNode } from '../support/cluster.ts'
import { removeDataDirs } from '../support/hub-process.ts'
import { PostgresServer, superuser } from '../support/postgres.ts'
import { Random } from '../support/random.ts'
import { Sink } from '../support/sink.ts'
import { readLeftOver, readStoreTruth, type StoreTruth } from '../support/store-truth.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { clockJump, faults } from './chaos/faults.ts'
import { bugs } from './chaos/named.ts'
import { formatFaults, type Played } from './chaos/report.ts'
import { AnyNode, type Stage } from './chaos/stage.ts'
import { Load } from './crash/load.ts'
import { faultsOf, formatVerdict } from './crash/report.ts'
import { behaveAsUsual, breakParking, configure, orderedTargets } from './crash/world.ts'

const options = readOptions()
const database = 'chaos'
/** What a fault leaves owed must have arrived within this, when all is well again. */
const drainWithinMs = 90_000
const peaceMs = 6_000

process.exitCode = options.audit ? auditTheAuditor() : await play()

async function play(): Promise<number> {
  const closing: (() => Promise<unknown> | void)[] = [removeDataDirs]
  const end = async (): Promise<void> => {
    for (const close of closing.splice(0).toReversed()) await close()
  }
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void end().then(() => process.exit(1)))
  try {
    return await run(closing)
  } finally {
    await end()
  }
}

async function run(closing: (() => Promise<unknown> | void)[]): Promise<number> {
  const startedMs = performance.now()
  const sink = await Sink.start()
  closing.push(() => sink.stop())
  const stage = await setStage(sink, closing)
  const { auditor, cluster, random } = stage
  const [first] = cluster.nodes
  if (!first) throw new Error('there is no node')
  const keys = await configure(first.api, sink)
  behaveAsUsual(sink, random)
  const api = new AnyNode(cluster.nodes.map((node) => node.api))
  await api.know(Object.values(keys))
  const load = new Load({
    ...{ api, keys, auditor, seed: options.seed },
    eventsPerSecond: options.rate,
  })
  load.start(1)
  const failures: string[] = []
  const played = await playFaults(stage, sink, startedMs + options.minutes * 60_000).catch(
    (error: unknown) => {
      failures.push((error as Error).message)
      return []
    },
  )
  behaveAsUsual(sink, random)
  await Promise.all(cluster.nodes.map((node) => node.ready())).catch((error: Error) =>
    failures.push(error.message),
  )
  // A row that nobody looks after would be freed by the next fault, and nobody would know.
  await sleep(peaceMs)
  await load.stop().catch((error: Error) => failures.push(error.message))
  const settledMs = performance.now()
  await until('all that is owed has arrived', () => auditor.missing === 0, drainWithinMs).catch(
    (error: Error) => failures.push(error.message),
  )
  const drainedMs = performance.now() - settledMs
  const truth = await settledTruth(stage.postgres)
  for (const row of truth.queued > 0 ? await readLeftOver(storeOf(stage.postgres)) : []) console.log(row)
  const verdict = auditor.judge()
  const wrong = [...failures, ...faultsOf(verdict, truth)]
  console.log(`${formatFaults(played)}\n\n${formatVerdict(verdict, truth)}\n`)
  console.log(`answers: ${[...load.answers].map(([name, count]) => `${name} ${count}`).join(', ')}`)
  console.log(
    `seed ${options.seed}, ${options.nodes} nodes, ${Math.round((performance.now() - startedMs) / 1_000)} s, ` +
      `${played.length} faults, drained in ${Math.round(drainedMs)} ms after the last`,
  )
  console.log(wrong.length === 0 ? 'Nothing was lost.' : `FAILED: ${wrong.join('; ')}`)
  return wrong.length === 0 ? 0 : 1
}

async function setStage(sink: Sink, closing: (() => Promise<unknown> | void)[]): Promise<Stage> {
  const postgres = await PostgresServer.start({ settings: { max_connections: '200' } })
  closing.push(() => postgres.stop())
  await postgres.execute(`create database ${database}`)
  const sabotage = path.resolve(import.meta.dirname, 'chaos', 'sabotage.ts')
  const planted = options.bug && { CHAOS_BUG: options.bug, NODE_OPTIONS: `--import ${sabotage}` }
  const cluster = new Cluster(postgres.url(superuser, database), { ...planted })
  closing.push(() => cluster.end())
  const proxies = new Map<ClusterNode, TcpProxy>()
  for (let n = 0; n < options.nodes; n++) {
    const proxy = await TcpProxy.start(postgres.port)
    closing.push(() => proxy.stop())
    const node = await cluster.add({
      DATABASE_URL: `postgres://${superuser}@127.0.0.1:${proxy.port}/${database}`,
    })
    proxies.set(node, proxy)
  }
  const auditor = new Auditor({ ordered: orderedTargets, reachMs: 30_000 })
  sink.onArrival(({ target, eventId, sha256, contentType, attempt, atMs }, answer) => {
    const taken = typeof answer === 'object' && answer.status < 300
    auditor.got({ target, eventId, sha256, contentType, attempt, atMs, taken })
  })
  return { cluster, postgres, proxies, auditor, random: new Random(options.seed) }
}

/** One after the other, with a little peace in between, so that what went wrong can be told from what was done. */
async function playFaults(stage: Stage, sink: Sink, untilMs: number): Promise<readonly Played[]> {
  const { random, auditor } = stage
  const libfaketime = locateService('libfaketime')
  const known = Object.entries({
    ...faults,
    ...(libfaketime && { 'clock jumps by an hour': clockJump(libfaketime) }),
  })
  const played: Played[] = []
  let left: typeof known = []
  while (performance.now() < untilMs) {
    // Each once before any comes again.
    if (left.length === 0) left = [...known]
    const [next] = left.splice(random.between(0, left.length - 1), 1)
    if (!next) break
    const [what, fault] = next
    if (random.chance(0.3)) breakParking(sink)
    const fromMs = performance.now()
    await fault(stage)
    behaveAsUsual(sink, random)
    await sleep(random.between(200, 1_500))
    const tookMs = performance.now() - fromMs
    auditor.disturbed({ what, fromMs, untilMs: performance.now() })
    played.push({ what, tookMs, owed: auditor.missing })
    process.stderr.write(`${JSON.stringify(played.at(-1))}\n`)
  }
  return played
}

function storeOf(postgres: PostgresServer): { readonly connectionString: string } {
  return { connectionString: postgres.url(superuser, database) }
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
  const runs = [null, ...bugs].map((bug) => {
    const args = [import.meta.filename, '--minutes', '0.5', '--nodes', '2', '--seed', String(options.seed)]
    const { status, stdout } = spawnSync(process.execPath, [...args, ...(bug ? ['--bug', bug] : [])], {
      encoding: 'utf8',
    })
    const isRight = (status !== 0) === (bug !== null)
    console.log(`${isRight ? 'right' : 'WRONG'}: ${bug ?? 'no bug'}: ${stdout.trim().split('\n').at(-1)}`)
    return isRight
  })
  return runs.every(Boolean) ? 0 : 1
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      nodes: { type: 'string', default: '3' },
      rate: { type: 'string', default: '200' },
      bug: { type: 'string' },
      audit: { type: 'boolean', default: false },
    },
  })
  const bug = bugs.find((name) => name === values.bug)
  if (values.bug !== undefined && bug === undefined)
    throw new Error(`There is no bug "${values.bug}"; known are ${bugs.join(', ')}.`)
  return {
    minutes: Number(values.minutes),
    seed: Number(values.seed),
    nodes: Number(values.nodes),
    rate: Number(values.rate),
    bug,
    audit: values.audit,
  }
}
