import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { until } from '../../packages/hub/src/testing/until.ts'

const root = path.resolve(import.meta.dirname, '..', '..')
const directories: string[] = []

export interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The hub as a person runs it: `npm start` in a process group of its own, as a terminal makes one. */
export class HubProcess {
  readonly dataDir: string
  readonly npmPid: number
  readonly ended: Promise<Ending>
  #stdout = ''

  constructor(dataDir: string, env: NodeJS.ProcessEnv = {}) {
    this.dataDir = dataDir
    const npm = spawn('npm', ['start'], {
      cwd: root,
      detached: true,
      env: { ...process.env, HUB_PORT: '0', ...env, HUB_DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.npmPid = npm.pid ?? 0
    let stderr = ''
    npm.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()))
    npm.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    this.ended = once(npm, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr,
    }))
  }

  /** Waits until the hub answers, and gives its address. */
  async ready(): Promise<string> {
    const gone = this.ended.then(({ stderr, stdout }) => {
      throw new Error(`the hub ended before it was ready: ${stderr}${stdout}`)
    })
    const url = until('the hub says where it listens', () => /ready at (http:\S+)/.exec(this.#stdout)?.[1])
    return Promise.race([gone, url])
  }

  /** Of the hub itself, which npm started. */
  get hubPid(): number {
    const hub = this.processes().find(
      ({ command }) => command.includes('src/main.ts') && !command.includes('npm'),
    )
    if (!hub) throw new Error('no hub runs')
    return hub.pid
  }

  /** Undefined while no server runs. */
  get postgresPid(): number | undefined {
    const pid = Number.parseInt(read(path.join(this.dataDir, 'postgres', 'postmaster.pid')), 10)
    return Number.isNaN(pid) ? undefined : pid
  }

  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.npmPid, signal)
  }

  /** Every process that has to do with the data directory: npm, the hub, PostgreSQL and its children. */
  processes(): { readonly pid: number; readonly command: string }[] {
    return fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ') }))
      .filter(({ pid, command }) => pid !== process.pid && command !== '' && this.#isOurs(pid, command))
  }

  #isOurs(pid: number, command: string): boolean {
    const environment = read(`/proc/${pid}/environ`).split('\0')
    return (
      command.includes(this.dataDir) ||
      environment.includes(`HUB_DATA_DIR=${this.dataDir}`) ||
      linkOf(`/proc/${pid}/cwd`).startsWith(this.dataDir)
    )
  }
}

/** A path for a data directory that `removeDataDirs` removes. */
export function newDataDir(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-start-stop-'))
  directories.push(dir)
  return path.join(dir, 'data')
}

export function removeDataDirs(): void {
  for (const dir of directories) fs.rmSync(dir, { recursive: true, force: true })
}

/** Starts the hub, lets `work` do its part and ends whatever is left then, so that a failed test leaves nothing. */
export async function withHub<T>(
  hub: HubProcess,
  work: (hub: HubProcess, url: string) => Promise<T>,
): Promise<T> {
  try {
    return await work(hub, await hub.ready())
  } finally {
    for (const { pid } of hub.processes()) process.kill(pid, 'SIGKILL')
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function linkOf(file: string): string {
  try {
    return fs.readlinkSync(file)
  } catch {
    return ''
  }
}
