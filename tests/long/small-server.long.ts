/**
 * `npm run test:small-server -- --minutes 60 --rate 2000`: the hub with its embedded PostgreSQL within one processor and
 * 2 GB, load and targets outside of that. Two integrations: `steady` gets the load, `interrupted` gets a little and is
 * down for the middle fifth of the time. Without --rate the load is what 64 connections can carry. Ends with 1 if
 * anything was lost or came twice, or if the memory did not do.
 */
import fs from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { describeMachine } from '../../bench/machine.ts'
import { HubProcess } from '../../bench/subjects/hub-process.ts'
import { layOut } from '../../bench/table.ts'
import { confine, stayOff } from './small-server/confinement.ts'
import { Lane } from './small-server/lane.ts'
import { measureUsage, type Usage } from './small-server/watch.ts'

const hubCpu = 0
const sampleMs = 10_000
/** A delivery that does not move for so long is lost. */
const stallTimeoutMs = 120_000
const interruptedPerSecond = 20

interface Sample extends Usage {
  readonly atSeconds: number
  readonly accepted: number
  readonly arrived: number
  /** Of `interrupted`: accepted and not arrived. */
  readonly waiting: number
}

const options = readOptions()
const machine = describeMachine(new Set(['the embedded PostgreSQL of the hub']))
const confinement = confine(hubCpu, options.memoryMb * 1024 * 1024)
stayOff(hubCpu)
const lanes = { steady: Lane.start('steady'), interrupted: Lane.start('interrupted') }
const hub = await HubProcess.start({
  databaseUrl: null,
  nodeArguments: [],
  confinement: confinement.prefix,
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end().then(() => process.exit(1)))
try {
  process.exitCode = await run()
} finally {
  await end()
}

async function end(): Promise<void> {
  await hub.stop().catch((error: Error) => console.error(error.message))
  await Promise.all(Object.values(lanes).map((lane) => lane.stop()))
  confinement.release()
}

async function run(): Promise<number> {
  const startedMs = performance.now()
  const durationMs = options.minutes * 60_000
  const samples: Sample[] = []
  const loads = Promise.all([
    lanes.steady.run(hub, { durationMs, ratePerSecond: options.ratePerSecond, connections: 64 }),
    lanes.interrupted.run(hub, { durationMs, ratePerSecond: interruptedPerSecond, connections: 8 }),
  ])
  const isLoaded = loads.then(
    () => true,
    () => true,
  )
  const outage = breakFor(durationMs * 0.4, durationMs * 0.2)
  const sample = async (): Promise<void> => void samples.push(await takeSample(startedMs, samples.at(-1)))
  while (!(await Promise.race([isLoaded, sleep(sampleMs, false)]))) await sample()
  const [load] = await loads
  await outage
  await untilArrived(sample)
  const settledMs = performance.now()

  const steady = await lanes.steady.judge()
  const interrupted = await lanes.interrupted.judge()
  const seconds = (load.endedUs - load.startedUs) / 1_000_000
  const memoryMb = samples.map(({ hubMb, postgresMb }) => hubMb + postgresMb)
  const [first, last] = [samples[0], samples.at(-1)]
  const figures = {
    acceptedPerSecond: load.accepted / seconds,
    deliveredPerSecond: load.accepted / ((steady.lastUs - load.startedUs) / 1_000_000),
    notAccepted: load.latenciesUs.length - load.accepted,
    acceptP50Ms: steady.accept['p50Ms'],
    acceptP99Ms: steady.accept['p99Ms'],
    deliverP50Ms: steady.deliver['p50Ms'],
    deliverP99Ms: steady.deliver['p99Ms'],
    longestWaitOfInterruptedMs: interrupted.deliver['maxMs'],
    settledAfterLoadMs: settledMs - startedMs - durationMs,
    hubMbFirst: first?.hubMb,
    hubMbLast: last?.hubMb,
    hubMbMost: Math.max(...samples.map(({ hubMb }) => hubMb)),
    postgresMbMost: Math.max(...samples.map(({ postgresMb }) => postgresMb)),
    togetherMbMost: Math.max(...memoryMb),
    diskMb: last?.diskMb,
    diskBytesPerEvent:
      last && first && ((last.diskMb - first.diskMb) * 1024 * 1024) / (last.accepted - first.accepted),
    logMb: last?.logMb,
    lost: 0,
    duplicates: 0,
    oomKills: confinement.oomKills(),
  }
  await report(figures, samples)
  const isTooMuch =
    figures.oomKills === null ? figures.togetherMbMost > options.memoryMb : figures.oomKills > 0
  if (isTooMuch) console.error(`FAILED: ${options.memoryMb} MB did not do.`)
  return isTooMuch ? 1 : 0
}

async function breakFor(afterMs: number, forMs: number): Promise<void> {
  await sleep(afterMs)
  await lanes.interrupted.sink.ask('goDown')
  await sleep(forMs)
  await lanes.interrupted.sink.ask('comeBack')
}

async function takeSample(startedMs: number, former: Sample | undefined): Promise<Sample> {
  const [steady, interrupted] = [await lanes.steady.counts(), await lanes.interrupted.counts()]
  const sample: Sample = {
    atSeconds: (performance.now() - startedMs) / 1_000,
    accepted: steady.accepted,
    arrived: steady.arrived,
    waiting: interrupted.accepted - interrupted.arrived,
    ...measureUsage(hub),
  }
  const passed = sample.atSeconds - (former?.atSeconds ?? 0)
  const rate = (what: 'accepted' | 'arrived'): number =>
    Math.round((sample[what] - (former?.[what] ?? 0)) / passed)
  console.error(
    `${Math.round(sample.atSeconds)} s: ${rate('accepted')}/s in, ${rate('arrived')}/s out, ` +
      `${sample.accepted - sample.arrived} under way, ${sample.waiting} of interrupted wait; hub ` +
      `${Math.round(sample.hubMb)} MB, PostgreSQL ${Math.round(sample.postgresMb)} MB, disk ${Math.round(sample.diskMb)} MB, ` +
      `processor ${Math.round((sample.cpuMs - (former?.cpuMs ?? 0)) / passed / 10)} %`,
  )
  return sample
}

async function untilArrived(sample: () => Promise<void>): Promise<void> {
  let least = Infinity
  let movedMs = performance.now()
  let sampledMs = 0
  for (;;) {
    const counts = await Promise.all(Object.values(lanes).map((lane) => lane.counts()))
    const left = counts.reduce((sum, { accepted, arrived }) => sum + accepted - arrived, 0)
    if (left < least) movedMs = performance.now()
    least = Math.min(least, left)
    if (performance.now() - sampledMs > sampleMs || left <= 0) {
      sampledMs = performance.now()
      await sample()
    }
    if (left <= 0) return
    if (performance.now() - movedMs > stallTimeoutMs)
      throw new Error(`nothing moves any more, and ${left} accepted events have not arrived`)
    await sleep(100)
  }
}

async function report(
  figures: Readonly<Record<string, number | null | undefined>>,
  samples: readonly Sample[],
): Promise<void> {
  const limits = { hubCpus: 1, hubMemoryMb: options.memoryMb, memoryHeldBy: confinement.memoryHeldBy }
  const rows = Object.entries(figures).map(([name, value]) => [name, format(value)])
  console.log(
    layOut([
      ...Object.entries({ ...machine, ...limits }).map(([name, value]) => [name, String(value)]),
      ...rows,
    ]),
  )
  console.log('Nothing was lost, nothing came twice.')
  const { minutes, ratePerSecond } = options
  const document = {
    measuredAt: new Date().toISOString(),
    machine,
    limits,
    minutes,
    ratePerSecond,
    figures,
    samples,
  }
  await fs.writeFile(options.jsonFile, `${JSON.stringify(document, null, 2)}\n`)
  console.log(`${options.jsonFile} holds all samples.`)
}

function format(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'unknown'
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 })
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string' },
      'memory-mb': { type: 'string', default: '2048' },
      json: { type: 'string', default: 'small-server.json' },
    },
  })
  return {
    minutes: Number(values.minutes),
    ratePerSecond: values.rate === undefined ? null : Number(values.rate),
    memoryMb: Number(values['memory-mb']),
    jsonFile: values.json,
  }
}
