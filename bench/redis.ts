import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import type { Store } from './store.ts'

const startTimeoutMs = 10_000

/** A Redis that writes its log to disk every second, as it is usually run: what it confirmed last may be lost. */
export async function startRedis(): Promise<Store> {
  const version = installedVersion() ?? (install(), installedVersion())
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-bench-'))
  const port = await freePort()
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: dataDir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  process.once('exit', () => server.kill('SIGKILL'))
  await untilAnswering(server, port)
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: server.pid ?? 0,
    version: `Redis ${version}`,
    stop: async () => {
      const exit = once(server, 'exit')
      server.kill('SIGTERM')
      await exit
      await fs.rm(dataDir, { recursive: true, force: true })
    },
  }
}

function installedVersion(): string | null {
  try {
    const output = execFileSync('redis-server', ['--version'], { encoding: 'utf8' })
    return /v=(\S+)/.exec(output)?.[1] ?? 'of unknown version'
  } catch {
    return null
  }
}

function install(): void {
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' })
    const args = ['install', '-y', '-qq', '--no-install-recommends', 'redis-server']
    execFileSync('apt-get', args, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  } catch {
    throw new Error('BullMQ needs redis-server: install it, or leave bullmq out with --only')
  }
}

async function untilAnswering(server: ChildProcess, port: number): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs
  while (performance.now() < deadlineMs && server.exitCode === null) {
    if (await isAnswering(port)) return
    await sleep(20)
  }
  server.kill('SIGKILL')
  throw new Error('Redis did not start')
}

async function isAnswering(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
