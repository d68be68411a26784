/**
 * `npm run test:properties -- --runs 1000000 --seed 1`: the state machines of retry, circuit, rate, slots and order,
 * each property through so many random histories by a clock of its own. One that fails says its seed, and the shortest
 * history found that still fails.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { parseArgs } from 'node:util'

const root = path.resolve(import.meta.dirname, '..', '..')
/** Decisions in memory. */
const pure = ['circuit', 'rate', 'retry', 'slots'].map((name) => `packages/hub/src/core/${name}.test.ts`)
/** Order is kept by the store: a history of it takes a thousand times as long, so it goes through as many fewer. */
const stored = ['packages/hub/src/queue/postgres.test.ts']

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    only: { type: 'string', default: '' },
  },
})
const runs = Number(values.runs)
if (!(runs > 0)) throw new Error(`--runs takes a number above 0, not "${values.runs}"`)
const files = [...pure, ...stored].filter((file) => file.includes(values.only))
if (files.length === 0)
  throw new Error(`--only takes a part of a file's name, such as "circuit", not "${values.only}"`)

const startedMs = performance.now()
const runner = spawn(process.execPath, ['--test', '--test-reporter=spec', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, HUB_TEST_HISTORIES: String(runs), HUB_TEST_SEED: values.seed },
})
const [code] = (await once(runner, 'close')) as [number | null]
const seconds = Math.round((performance.now() - startedMs) / 1_000)
console.log(`${runs.toLocaleString('en')} histories a property, seed ${values.seed}, ${seconds} s`)
process.exitCode = code ?? 1
