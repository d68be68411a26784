import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint, Neighbours, SubjectKind, SubjectStart } from './subject.ts'

const script = path.resolve(import.meta.dirname, '../../packages/hub/src/main.ts')
const startTimeoutMs = 30_000

/** With the settings of a new installation; only the database is the bench's. */
export const hub: SubjectKind = {
  name: 'hub',
  owedSql: 'select count(*)::int as owed from hub.queue',

  async start(options) {
    const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-bench-'))
    const adminKey = randomBytes(32).toString('hex')
    const url = `http://127.0.0.1:${await freePort()}`
    const child = await spawnHub({ ...options, dataDir, adminKey, url })
    await untilReady(url, child, dataDir)
    const configure = createCaller(url, adminKey)
    await configure('PUT', '/v1/sources/wanted', {})
    await configure('PUT', '/v1/sources/unwanted', {})
    await configure('PUT', '/v1/integrations/sink', {
      sources: ['wanted'],
      target: { kind: 'http', url: options.sinkUrl },
    })
    return {
      pid: child.pid ?? 0,
      deliver: await openSource(url, 'wanted', configure),
      keep: await openSource(url, 'unwanted', configure),
      neighbours: createNeighbours(new URL('/hang', options.sinkUrl).href, configure),
      stop: async () => {
        await stopHub(child)
        await fs.rm(dataDir, { recursive: true, force: true })
      },
    }
  },
}

interface HubStart extends SubjectStart {
  readonly dataDir: string
  readonly adminKey: string
  readonly url: string
}

async function spawnHub({
  databaseUrl,
  nodeArguments,
  dataDir,
  adminKey,
  url,
}: HubStart): Promise<ChildProcess> {
  const output = await fs.open(path.join(dataDir, 'output.log'), 'w')
  const child = spawn(process.execPath, [...nodeArguments, script], {
    stdio: ['ignore', output.fd, output.fd],
    env: {
      ...process.env,
      HUB_PORT: new URL(url).port,
      HUB_DATA_DIR: dataDir,
      HUB_ADMIN_KEY: adminKey,
      DATABASE_URL: databaseUrl,
    },
  })
  await output.close()
  process.once('exit', () => child.kill('SIGKILL'))
  return child
}

async function untilReady(url: string, child: ChildProcess, dataDir: string): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs
  while (performance.now() < deadlineMs && child.exitCode === null) {
    const isReady = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
    if (isReady) return
    await sleep(50)
  }
  child.kill('SIGKILL')
  const output = await fs.readFile(path.join(dataDir, 'output.log'), 'utf8')
  throw new Error(`the hub did not become ready:\n${output.slice(-4_000)}`)
}

type Caller = (method: string, path: string, body?: object) => Promise<unknown>

function createCaller(url: string, key: string): Caller {
  return async (method, resource, body) => {
    const headers = { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) }
    const response = await fetch(url + resource, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${resource}: ${response.status} ${text}`)
    if (text === '') return null
    return JSON.parse(text) as unknown
  }
}

async function openSource(url: string, source: string, configure: Caller): Promise<Endpoint> {
  const answer = await configure('POST', '/v1/keys', { name: source, role: 'source', source })
  const { key } = answer as { readonly key: string }
  return {
    url: `${url}/v1/events?type=bench.ticket`,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  }
}

function createNeighbours(hangingUrl: string, configure: Caller): Neighbours {
  const names: string[] = []
  return {
    async start(count) {
      for (let index = 0; index < count; index++) {
        names.push(`hangs-${index}`)
        const target = { kind: 'http', url: hangingUrl }
        await configure('PUT', `/v1/integrations/hangs-${index}`, { sources: ['wanted'], target })
      }
    },
    async stop() {
      for (const name of names.splice(0)) await configure('DELETE', `/v1/integrations/${name}?backlog=cancel`)
    },
  }
}

async function stopHub(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) throw new Error(`the hub ended by itself with ${child.exitCode}`)
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
