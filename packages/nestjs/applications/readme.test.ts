// What the README says, word for word: its start is done as a new user does it. The rest is compiled in applications.test.ts.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { packPackages, publishedPackages } from '../../../scripts/packed-packages.ts'
import { isCommands, snippetsOf } from '../../../tests/docs/snippets.ts'
import { createTestDatabase } from '../../outbox/src/testing/database.ts'

const [install, main, start] = snippetsOf('packages/nestjs/README.md')
const linesToAFirstEvent = 40

test('the start of the README leads to a handled event', { timeout: 200_000 }, async (context) => {
  assert.ok(install && main && start && isCommands(install) && isCommands(start))
  const lines = [install, main, start].flatMap(({ text }) => text.split('\n')).filter((line) => line.trim())
  assert.ok(lines.length < linesToAFirstEvent, `${lines.length} lines`)
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'nestjs-readme-'))
  const database = await createTestDatabase()
  context.after(async () => {
    fs.rmSync(directory, { recursive: true, force: true })
    await database.drop()
  })
  execFileSync('bash', ['-ec', await fromTarballs(install.text)], { cwd: directory, stdio: 'pipe' })
  fs.writeFileSync(path.join(directory, main.word), main.text)
  const program = start.text.replace(/DATABASE_URL=\S+ node/, 'exec node')
  assert.equal(await firstLine(program, directory, database.url, context.signal), promised())
})

/** The packages of this repository come from their tarballs, also the one that npm would look for as an optional peer. */
async function fromTarballs(commands: string): Promise<string> {
  const tarballs = await packPackages()
  const named = publishedPackages.reduce(
    (text, name) => text.replaceAll(`@integration-hub/${name} `, `${tarballs[name]} `),
    commands,
  )
  return named.replace('npm install ', `npm install ${tarballs.client} `)
}

function promised(): string {
  const text = fs.readFileSync(path.join(import.meta.dirname, '../README.md'), 'utf8')
  return /It prints `([^`]*)`/.exec(text)?.[1] ?? ''
}

/** The first line that is no log of NestJS. */
async function firstLine(program: string, cwd: string, url: string, signal: AbortSignal): Promise<string> {
  const { NODE_OPTIONS: _options, ...env } = process.env
  const shell = spawn('bash', ['-ec', program], { cwd, env: { ...env, DATABASE_URL: url }, signal })
  let output = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const ended = once(shell, 'close')
  const line = () => output.split('\n').find((each) => each.startsWith('Invoice'))
  while (line() === undefined && shell.exitCode === null)
    await Promise.race([once(shell.stdout, 'data', { signal }), ended])
  shell.kill('SIGTERM')
  await ended
  return line() ?? assert.fail(output)
}
