import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installServices, locateService } from '../scripts/services.ts'
import { freePort } from './free-port.ts'
import type { Store } from './store.ts'

const startTimeoutMs = 10_000

/** A Redis that writes its log to disk every second, as it is usually run: what it confirmed last may be lost. */
export async function startRedis(): Promise<Store> {
  const program = findProgram()
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
  const server = spawn(program, args, { stdio: 'ignore' })
  process.once('exit', () => server.kill('SIGKILL'))
  await untilAnswering(server, port)
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: server.pid ?? 0,
    version: `Redis ${versionOf(program)}`,
    stop: async () => {
      const exit = once(server, 'exit')
      server.kill('SIGTERM')
      await exit
      await fs.rm(dataDir, { recursive: true, force: true })
    },
  }
}

function findProgram(): string {
  const found = locateService('redis')
  if (found !== null) return found
  installServices(['redis'])
  return locateService('redis') ?? 'redis-server'
}

function versionOf(program: string): string {
  const output = execFileSync(program, ['--version'], { encoding: 'utf8' })
  return /v=(\S+)/.exec(output)?.[1] ?? 'of unknown version'
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
