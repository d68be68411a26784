/**
 * Measures everything that the project promises about its speed: `npm run bench -- --json out.json`, or a tenth of it with `--quick`.
 *
 * Subjects take turns scenario by scenario, so that what is compared was measured within seconds of each other; then come the
 * trials, each with a hub of its own.
 */
import fs from 'node:fs/promises'
import { choose } from './choose.ts'
import type { BenchDocument, Failure } from './document.ts'
import { falls, judge, judgedSubject, type Series } from './judge.ts'
import { describeMachine } from './machine.ts'
import { readOptions } from './options.ts'
import { scenarios as allScenarios } from './scenarios/index.ts'
import type { Figures, Scenario } from './scenarios/scenario.ts'
import { Stand } from './stand.ts'
import { subjectKinds } from './subjects/index.ts'
import { detailRows, layOut, otherRows, requirementRows } from './table.ts'
import { createTrials } from './trials/index.ts'
import type { Trial } from './trials/trial.ts'
import { warmUp } from './warm-up.ts'

const { sizes, only, names, jsonFile, isStrict, command } = readOptions()
const chosen = choose('scenario', names, [...allScenarios, ...createTrials(sizes)])
const kinds = choose('subject', only, subjectKinds)
const isScenario = (one: Scenario | Trial): one is Scenario => 'subjects' in one
const scenarios = chosen.filter(isScenario)
const hasHub = kinds.some(({ name }) => name === judgedSubject)
const trials = chosen.filter((one): one is Trial => hasHub && !isScenario(one))

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
const found = new Map<string, Series & { readonly rounds: Figures[] }>()
const failures: Failure[] = []
const stores = new Set<string>()

if (scenarios.length > 0) await takeTurns()
for (const trial of trials) await record(trial.name, judgedSubject, () => trial.measure())
await report()

async function takeTurns(): Promise<void> {
  const stands: Stand[] = []
  try {
    const isAsked = (name: string): boolean => scenarios.some(({ subjects }) => subjects.includes(name))
    for (const kind of kinds.filter(({ name }) => isAsked(name))) stands.push(await Stand.start(kind))
    for (const stand of stands) {
      stores.add(stand.subject.store.version)
      await warmUp(stand, sizes.warmUpSeconds)
    }
    for (let round = 0; round < sizes.rounds; round++)
      await measureRound(round % 2 === 0 ? stands : stands.toReversed())
  } finally {
    for (const stand of stands) await stand.stop()
  }
}

async function measureRound(stands: readonly Stand[]): Promise<void> {
  for (const scenario of scenarios)
    for (const stand of stands.filter(({ name }) => scenario.subjects.includes(name)))
      await record(scenario.name, stand.name, () => scenario.measure(stand, sizes.seconds * 1_000))
}

/** A failed measurement leaves a round without figures: the others go on, and the run fails in the end. */
async function record(scenario: string, subject: string, measure: () => Promise<Figures>): Promise<void> {
  const key = `${scenario}, ${subject}`
  const series = found.get(key) ?? { scenario, subject, rounds: [] }
  found.set(key, series)
  process.stderr.write(`${key}, round ${series.rounds.length + 1}\n`)
  try {
    series.rounds.push(await measure())
  } catch (error) {
    series.rounds.push({})
    failures.push({ scenario, subject, message: (error as Error).message })
  }
}

async function report(): Promise<void> {
  const series = [...found.values()]
  const judged = chosen.flatMap((one) => judge(one, series))
  const machine = describeMachine(stores)
  for (const [name, value] of Object.entries(machine)) console.log(`${name}: ${value}`)
  console.log(`\n${layOut(requirementRows(judged))}\n\n${layOut(detailRows(series))}`)
  console.log(`\n${layOut(otherRows(series))}`)
  for (const { scenario, subject, message } of failures)
    console.log(`\nFAILED: ${scenario}, ${subject}: ${message}`)
  if (jsonFile !== null) {
    const measuredAt = new Date().toISOString()
    const document: BenchDocument = { measuredAt, command, machine, sizes, judged, series, failures }
    await fs.writeFile(jsonFile, `${JSON.stringify(document, null, 2)}\n`)
  }
  if (failures.length > 0 || (isStrict && judged.some(falls))) process.exitCode = 1
}
