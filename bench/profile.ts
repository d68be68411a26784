/**
 * Says where the time of a subject goes: `node bench/profile.ts --subject hub --scenario end-to-end-64 --seconds 8`; or
 * that of the hub while it delivers what has piled up: `node bench/profile.ts --waiting 1000000`.
 */
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { nowUs } from './clock.ts'
import { choose } from './choose.ts'
import { isPostgres } from './postgres.ts'
import { readProfile, workingTime, type Share } from './profile/cpu-profile.ts'
import { pileUp } from './profile/drain.ts'
import { watchActivity, type PostgresActivity } from './profile/postgres-activity.ts'
import { scenarios } from './scenarios/index.ts'
import type { Figures } from './scenarios/scenario.ts'
import { Stand } from './stand.ts'
import { hub } from './subjects/hub.ts'
import { subjectKinds } from './subjects/index.ts'
import { layOut } from './table.ts'
import { warmUp } from './warm-up.ts'

const { values: options } = parseArgs({
  options: {
    subject: { type: 'string', default: 'hub' },
    scenario: { type: 'string', default: 'end-to-end-64' },
    seconds: { type: 'string', default: '8' },
    waiting: { type: 'string' },
    top: { type: 'string', default: '40' },
  },
})
const warmUpSeconds = 30
const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-profile-'))

const begun = await begin([`--cpu-prof`, `--cpu-prof-dir=${directory}`])
const measured = await measure(begun)
// Its end is what writes the profile.
await begun.stand.stop()
const profile = await readProfile(directory)
await fs.rm(directory, { recursive: true })
report(measured.figures, measured.activity)
const times = workingTime(profile, measured.fromUs, measured.toUs)
reportShares('by file or package, with what Node does for it', times.byOwner, measured.figures)
reportShares('by function alone', times.byFunction, measured.figures)

interface Begun {
  readonly stand: Stand
  readonly run: () => Promise<Figures>
}

async function begin(nodeArguments: readonly string[]): Promise<Begun> {
  if (options.waiting !== undefined) {
    const stand = await Stand.start(hub, nodeArguments)
    await warmUp(stand, warmUpSeconds)
    return { stand, run: await pileUp(stand, Number(options.waiting)) }
  }
  const [kind] = choose('subject', options.subject, subjectKinds)
  const [scenario] = choose('scenario', options.scenario, scenarios)
  const stand = await Stand.start(kind, nodeArguments)
  await warmUp(stand, warmUpSeconds)
  return { stand, run: () => scenario.measure(stand, Number(options.seconds) * 1_000) }
}

async function measure({ stand: { subject }, run }: Begun) {
  const stopping = new AbortController()
  const watching = isPostgres(subject.store) ? watchActivity(subject.store, stopping.signal) : null
  const fromUs = nowUs()
  const figures = await run()
  const toUs = nowUs()
  stopping.abort()
  return { figures, fromUs, toUs, activity: await watching }
}

function report(figures: Figures, activity: PostgresActivity | null): void {
  print(
    'figures',
    Object.entries(figures).map(([name, value]) => [name, value?.toFixed(2) ?? 'unknown']),
  )
  if (!activity) return
  const { cpuMs, looks, lookCount } = activity
  print(
    'CPU ms of PostgreSQL by process',
    [...cpuMs].filter(([, spentMs]) => spentMs > 0).map(([who, spentMs]) => [who, String(spentMs)]),
  )
  const often = [...looks].toSorted(([, a], [, b]) => b - a).slice(0, 30)
  print(
    'statements of PostgreSQL, % of the looks',
    often.map(([statement, count]) => [statement, ((count / lookCount) * 100).toFixed(1)]),
  )
}

/** A share of the working time is the same share of what an event costs. */
function reportShares(what: string, shares: readonly Share[], { subjectCpuMs }: Figures): void {
  const rows = shares.slice(0, Number(options.top)).map(({ place, share }) => {
    const usPerEvent = subjectCpuMs ? (share * subjectCpuMs).toFixed(2) : ''
    return [place, `${(share * 100).toFixed(1)} %`, usPerEvent]
  })
  print(`CPU time ${what}, µs per event`, rows)
}

function print(title: string, rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n${layOut(rows)}`)
}
