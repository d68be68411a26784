/**
 * Measures the subjects side by side: `npm run bench -- --only floor,hub --seconds 8 --rounds 3 --json out.json`. They take turns
 * scenario by scenario, so that what is compared was measured within seconds of each other.
 */
import fs from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { choose } from './choose.ts'
import { judge, type Series } from './judge.ts'
import { describeMachine } from './machine.ts'
import { scenarios as allScenarios } from './scenarios/index.ts'
import type { Figures, Scenario } from './scenarios/scenario.ts'
import { Stand } from './stand.ts'
import { subjectKinds } from './subjects/index.ts'
import { formatCosts, formatRequirements } from './table.ts'
import { warmUp } from './warm-up.ts'

const options = readOptions()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
const stands: Stand[] = []
try {
  for (const kind of options.kinds) stands.push(await Stand.start(kind))
  for (const stand of stands) await warmUp(stand, 10_000)
  const series = await measureAll(stands)
  await report(series, stands)
} finally {
  for (const stand of stands) await stand.stop()
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: subjectKinds.map(({ name }) => name).join(',') },
      scenarios: { type: 'string', default: allScenarios.map(({ name }) => name).join(',') },
      seconds: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
    },
  })
  return {
    kinds: choose('subject', values.only, subjectKinds),
    scenarios: choose('scenario', values.scenarios, allScenarios),
    durationMs: Number(values.seconds) * 1_000,
    rounds: Number(values.rounds),
    jsonFile: values.json,
  }
}

async function measureAll(standing: readonly Stand[]): Promise<readonly Series[]> {
  const found = new Map<string, Series & { readonly rounds: Figures[] }>()
  for (let round = 0; round < options.rounds; round++) {
    for (const scenario of options.scenarios) {
      const order = round % 2 === 0 ? standing : standing.toReversed()
      for (const stand of order.filter(({ name }) => scenario.subjects.includes(name))) {
        const key = `${scenario.name}, ${stand.name}`
        process.stderr.write(`round ${round + 1} of ${options.rounds}: ${key}\n`)
        const series = found.get(key) ?? { scenario: scenario.name, subject: stand.name, rounds: [] }
        found.set(key, series)
        series.rounds.push(await scenario.measure(stand, options.durationMs))
      }
    }
  }
  return [...found.values()]
}

async function report(series: readonly Series[], standing: readonly Stand[]): Promise<void> {
  const judged = options.scenarios.flatMap((scenario: Scenario) => judge(scenario, series))
  const machine = describeMachine(new Set(standing.map(({ subject }) => subject.store.version)))
  console.log(
    Object.entries(machine)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    '\n',
  )
  console.log(
    formatRequirements(
      judged,
      standing.map(({ name }) => name),
    ),
    '\n',
  )
  console.log(formatCosts(series))
  if (options.jsonFile === undefined) return
  const { durationMs, rounds } = options
  const document = { measuredAt: new Date().toISOString(), machine, durationMs, rounds, judged, series }
  await fs.writeFile(options.jsonFile, `${JSON.stringify(document, null, 2)}\n`)
}
