// Real applications, on both NestJS versions, with the packages as npm gets them: on 12 as ESM, on 11 as CommonJS.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { snippetsOf } from '../../../tests/docs/snippets.ts'
import { createTestDatabase } from '../../outbox/src/testing/database.ts'
import { compile, prepareApplications } from './prepare.ts'

for (const application of ['nest-11', 'nest-12'] as const) {
  test(`applications on ${application}`, { timeout: 280_000 }, async (context) => {
    const compiled = await prepareApplications(application)
    const database = await createTestDatabase()
    context.after(() => database.drop())
    const files = fs.globSync('*.suite.js', { cwd: compiled }).map((file) => path.join(compiled, file))
    const { code, output } = await runSuite(files, database.url, context.signal)
    if (code !== 0) throw new Error(`The suite failed on ${application}:\n${output}`)
    context.diagnostic(/tests \d+/.exec(output)?.[0] ?? 'no tests')
  })
}

// Here and not beside the start of the README, because two files must not prepare the same applications at once.
test('the programs of the README compile', { timeout: 200_000 }, async () => {
  const programs = snippetsOf('packages/nestjs/README.md').filter(({ language }) => language === 'ts')
  assert.ok(programs.length >= 7)
  const directory = await prepareApplications('nest-12')
  compile(path.join(directory, '../..'), 'readme', (sources) => {
    for (const { word, text } of programs) fs.writeFileSync(path.join(sources, word), text)
  })
})

function runSuite(
  files: readonly string[],
  databaseUrl: string,
  signal: AbortSignal,
): Promise<{ code: number; output: string }> {
  // What the runner around this one sets would make the inner one report to it; the packages are the packed ones.
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env
  const options = ['--test', '--test-reporter=spec', '--test-concurrency=1', '--test-timeout=60000']
  const suite = spawn(process.execPath, [...options, '--test-force-exit', ...files], {
    env: { ...env, DATABASE_URL: databaseUrl },
    signal,
  })
  suite.on('error', () => undefined)
  let output = ''
  for (const stream of [suite.stdout, suite.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => suite.once('close', (code) => resolve({ code: code ?? 1, output })))
}
