// Runs tests against one PostgreSQL that is made for the run. unit: beside the code; quick: those, and what crosses
// processes; more: what takes longer or installs other software first: simulated schedules, brokers, proxies, the
// examples, every snippet of the documentation.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startTestServer } from '../packages/hub/src/testing/server.ts'

const root = path.resolve(import.meta.dirname, '..')
const more = [
  'packages/nestjs/applications/**/*.test.ts',
  'packages/outbox/clients/**/*.test.ts',
  'tests/{backup,cluster,docs,examples,library,operating,simulation}/**/*.test.ts',
]
const unit = ['packages/**/*.test.ts', 'bench/**/*.test.ts']
const suites = {
  unit: find(unit, more),
  quick: find([...unit, 'tests/**/*.test.ts'], more),
  more: find(more, []),
}
/** Packages that use each other by name get the source, not what was built last. */
const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --conditions=@integration-hub/source`
/** A test that hangs fails, and what it left running doesn't hold the run for ever. */
const testTimeoutMs = 300_000

const suite = process.argv[2] ?? 'quick'
if (!Object.hasOwn(suites, suite)) {
  console.error(`There is no suite "${suite}"; known are ${Object.keys(suites).join(', ')}.`)
  process.exit(1)
}

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort())
const files = suites[suite]
process.exitCode = await withDatabase((databaseUrl) => runTests(databaseUrl))

function find(patterns, without) {
  const others = new Set(fs.globSync(without, { cwd: root }))
  const found = fs.globSync(patterns, { cwd: root, exclude: ['**/node_modules/**'] })
  return found.filter((file) => !others.has(file)).toSorted()
}

async function withDatabase(work) {
  const given = process.env.HUB_TEST_DATABASE_URL
  if (given) return work(given)
  const server = await startTestServer(stopping.signal)
  try {
    return await work(server.url)
  } finally {
    await server.stop()
  }
}

function runTests(databaseUrl) {
  // Most tests wait for the database or for a process, so two at a time pay off even on one core.
  const concurrency = Math.max(2, os.availableParallelism())
  const options = [
    '--test-reporter=spec',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${testTimeoutMs}`,
    '--test-force-exit',
  ]
  const runner = spawn(process.execPath, ['--test', ...options, ...files], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: nodeOptions, HUB_TEST_DATABASE_URL: databaseUrl },
  })
  stopping.signal.addEventListener('abort', () => runner.kill('SIGTERM'))
  return new Promise((resolve) => runner.once('close', (code) => resolve(code ?? 1)))
}
