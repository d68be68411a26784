/**
 * `npm run test:first-minutes`: in a new directory, from a clone to the first event seen within a minute, and from
 * there to an Okdesk webhook at a local application by three more commands. Needs git and the npm registry.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { until } from '../../packages/hub/src/testing/until.ts'
import { lastingPort } from '../support/free-port.ts'
import { Sink, type Arrival } from '../support/sink.ts'

const firstEventWithinMs = 60_000

const root = path.resolve(import.meta.dirname, '..', '..')
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-first-minutes-'))
const clone = path.join(directory, 'hub')
const port = await lastingPort()
const env = { ...outsideOfNpm(process.env), HUB_PORT: String(port) }

/** A line as a person types it, in the clone. */
async function type(line: string, cwd = clone): Promise<string> {
  return (await promisify(execFile)('bash', ['-c', line], { cwd, env })).stdout
}

/** Whoever types has not been started by npm, which would say where the packages of this clone are. */
function outsideOfNpm(all: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const nodeModules = path.join(root, 'node_modules', '.bin')
  const entries = Object.entries(all).filter(([name]) => !/^(npm_|HUB_|DATABASE_URL$|NODE_PATH$)/.test(name))
  const searched = (all['PATH'] ?? '').split(':').filter((place) => place !== nodeModules)
  return { ...Object.fromEntries(entries), PATH: searched.join(':') }
}

const sink = await Sink.start()
const arrivals: Arrival[] = []
sink.onArrival((arrival) => arrivals.push(arrival))

const startedAtMs = performance.now()
await type(`git clone --quiet '${root}' hub`, directory)
const hub = spawn('npm', ['start'], { cwd: clone, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
let printed = ''
hub.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
try {
  const line = await until(
    'the hub prints a curl line',
    () => /^ {2}(curl .*)$/m.exec(printed)?.[1],
    5 * firstEventWithinMs,
  )
  await type(line)
  await until('the event is seen', async () => (await type('npx hub events list')).includes('DELIVERED'))
  const tookMs = performance.now() - startedAtMs
  console.log(`clone to the first event seen: ${(tookMs / 1_000).toFixed(1)} s`)

  await type('npx hub init okdesk')
  await type(`sed -i 's#http://127.0.0.1:3000#${sink.url}#' hub.yaml`)
  await type('npx hub apply hub.yaml')
  const key = (await type('npx hub keys create okdesk --role source --source okdesk')).trim()
  const webhook = '{"event":{"event_type":"new_ticket"},"issue":{"id":1}}'
  await type(
    `curl --fail -X POST 'http://127.0.0.1:${port}/v1/sources/okdesk/events?key=${key}' -d '${webhook}'`,
  )
  await until('the application got it', () => arrivals.length === 1)
  assert.equal(arrivals[0]?.body.toString(), webhook)
  console.log('init okdesk, then apply, keys create and one webhook: delivered')
  assert.ok(tookMs <= firstEventWithinMs, 'the first event took too long')
} finally {
  process.kill(-(hub.pid ?? 0), 'SIGTERM')
  await once(hub, 'close')
  await sink.stop()
  fs.rmSync(directory, { recursive: true, force: true })
}
