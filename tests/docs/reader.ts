import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { until } from '../../packages/hub/src/testing/until.ts'
import type { ServiceName } from '../../scripts/services.ts'
import { lastingPort } from '../support/free-port.ts'
import type { Json } from '../support/api.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { findService } from '../support/services.ts'
import { Sink } from '../support/sink.ts'
import { exceptionFor, readElsewhere } from './not-run.ts'
import { isCommands, isFile, root, snippetsOf, withoutOwn, type Snippet } from './snippets.ts'

/** A page may want a compiler to start. */
const pageTimeoutMs = 150_000

const dataDir = newDataDir()
const hub = new HubProcess(dataDir, { by: 'node' })
const sink = await Sink.start()
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-docs-'))
let url = ''

before(async () => {
  url = await hub.ready()
  await fetch(`${url}/v1/events?source=hello&type=hello.world`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey()}` },
    body: '{}',
  })
  // What `npx hub` runs in a clone, without asking npm for it each time.
  const npx = path.join(directory, 'bin', 'npx')
  fs.mkdirSync(path.dirname(npx))
  const hubProgram = `${root}/packages/hub/bin/hub.js`
  fs.writeFileSync(npx, `#!/bin/sh\nshift\nexec '${process.execPath}' '${hubProgram}' "$@"\n`, {
    mode: 0o755,
  })
})

after(async () => {
  await hub.killEverything()
  await sink.stop()
  removeDataDirs()
  fs.rmSync(directory, { recursive: true })
})

function adminKey(): string {
  return fs.readFileSync(path.join(dataDir, 'admin-key'), 'utf8').trim()
}

/** What the reader types and saves, in order. */
function stepsOf(page: string): readonly Snippet[] {
  return snippetsOf(page)
    .filter((snippet) => !exceptionFor(snippet))
    .filter((snippet) => isFile(snippet) || (isCommands(snippet) && withoutOwn(snippet.text) !== ''))
}

function lineFor(snippet: Snippet, index: number): string {
  const { text, word } = snippet
  if (isFile(snippet)) return `cat > ${word} <<'END_OF_SNIPPET'\n${text}END_OF_SNIPPET`
  const commands = withoutOwn(text)
  if (word !== 'background') return commands
  const log = `endless-${index}.log`
  return `${commands} > ${log} 2>&1 & pids="$pids $!"\nuntil [ -s ${log} ]; do sleep 0.05; done`
}

/** All of a page in one shell, as a reader would type it; the addresses are those of this test. */
async function scriptOf(steps: readonly Snippet[]): Promise<string> {
  const script = [
    'set -euo pipefail',
    'pids=""',
    ...steps.map(lineFor),
    'touch read-to-its-end',
    'until [ -e looked-at ]; do sleep 0.05; done',
    // Who knows what to do at a SIGTERM ends with 0.
    'for pid in $pids; do kill "$pid"; wait "$pid" || [ $? -gt 128 ]; done',
  ].join('\n')
  const ownPorts = new Set(script.match(/\b300[1-9]\b/g))
  let adapted = script.replaceAll('http://127.0.0.1:8080', url).replaceAll('http://127.0.0.1:3000', sink.url)
  for (const port of ownPorts) adapted = adapted.replaceAll(port, String(await lastingPort()))
  return adapted
}

/** In a directory of the reader's own, in which the hub's data and the examples of the clone are found. */
async function read(page: string, steps: readonly Snippet[]): Promise<void> {
  const cwd = fs.mkdtempSync(path.join(directory, 'reader-'))
  fs.symlinkSync(dataDir, path.join(cwd, '.hub'))
  fs.symlinkSync(path.join(root, 'examples'), path.join(cwd, 'examples'))
  const { HUB_DATA_DIR: _dataDir, HUB_PORT: _port, ...env } = process.env
  const shell = spawn('bash', ['--norc', '-c', await scriptOf(steps)], {
    cwd,
    detached: true,
    env: {
      ...env,
      PATH: `${directory}/bin:${path.dirname(process.execPath)}:${process.env['PATH']}`,
      // There are many commands, and they begin in two thirds of the time so.
      NODE_COMPILE_CACHE: path.join(directory, 'compiled'),
      // No C compiler is needed then.
      CGO_ENABLED: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [shell.stdout, shell.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const timer = setTimeout(() => killGroup(shell.pid), pageTimeoutMs)
  const ended = once(shell, 'exit') as Promise<[number | null]>
  const isRead = (): boolean => fs.existsSync(path.join(cwd, 'read-to-its-end')) || shell.exitCode !== null
  await until(`${page} is read`, isRead, pageTimeoutMs)
  try {
    if (shell.exitCode === null) await outcomes[page]?.()
  } finally {
    fs.writeFileSync(path.join(cwd, 'looked-at'), '')
  }
  const [code] = await ended
  clearTimeout(timer)
  // What a page leaves running, such as the child of a compiler, is not to outlive it.
  killGroup(shell.pid)
  const logs = fs
    .globSync('endless-*.log', { cwd })
    .map((log) => fs.readFileSync(path.join(cwd, log), 'utf8'))
  assert.equal(code, 0, `${page} fails: ${said}\n${logs.join('\n')}`)
}

function killGroup(pid = 0): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

/** What has to come of a page, beyond that every command worked. */
const outcomes: Readonly<Record<string, () => Promise<unknown>>> = {
  'docs/guides/receive.md': () =>
    until('all four receivers took it', async () => {
      const { items } = await get('/v1/deliveries?type=greeting.sent')
      const taken = items.filter(({ status }: Json) => status === 'DELIVERED')
      const receivers = new Set(taken.map(({ integration }: Json) => integration))
      return ['to-node', 'to-python', 'to-php', 'to-go'].every((name) => receivers.has(name))
    }),
  'docs/guides/verify.md': async () => {
    const { items } = await get('/v1/events?limit=100')
    const sources = new Set(items.map(({ source }: Json) => source))
    for (const source of ['helpdesk', 'billing', 'crm', 'web-shop', 'payroll', 'github', 'stripe'])
      assert.ok(sources.has(source), `nothing came from ${source}`)
  },
}

/** What a page runs that the clone does not bring along. */
const neededBy: Readonly<Record<string, readonly ServiceName[]>> = {
  'docs/guides/receive.md': ['go', 'php', 'python'],
}

async function get(resource: string): Promise<Json> {
  const answer = await fetch(url + resource, { headers: { authorization: `Bearer ${adminKey()}` } })
  return answer.json()
}

/** Tests that each of these pages works, on one hub for all of them. */
export function readPages(pages: readonly string[]): void {
  suite('every page works as it is read', () => {
    for (const page of pages) {
      const steps = stepsOf(page)
      if (steps.length === 0 || page in readElsewhere) continue
      const missing = (neededBy[page] ?? []).map(findService).find(({ skip }) => skip !== false)
      test(page, { skip: missing?.skip ?? false }, () => read(page, steps))
    }
  })
}
