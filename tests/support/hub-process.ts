import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { until } from '../../packages/hub/src/testing/until.ts'

const root = path.resolve(import.meta.dirname, '..', '..')
const directories: string[] = []

/** How a hub is started: as a person does it, or without the set-up and npm around it. */
const commands = {
  npm: ['npm', 'start', '--'],
  node: [process.execPath, path.join('packages', 'hub', 'src', 'main.ts')],
} as const

export interface HubOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly by?: keyof typeof commands
  /** Such as `--demo`. */
  readonly args?: readonly string[]
  /** Where its code is: by default here. */
  readonly from?: string
}

export interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface ProcessInfo {
  readonly pid: number
  readonly command: string
}

/** A hub in a process group of its own, as a terminal makes one. */
export class HubProcess {
  readonly dataDir: string
  /** Of what was started: npm, or the hub itself. */
  readonly pid: number
  readonly ended: Promise<Ending>
  #stdout = ''

  constructor(dataDir: string, { env = {}, by = 'npm', args = [], from = root }: HubOptions = {}) {
    this.dataDir = dataDir
    const [command, ...first] = commands[by]
    const child = spawn(command, [...first, ...args], {
      cwd: from,
      detached: true,
      env: { ...process.env, HUB_PORT: '0', ...env, HUB_DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.pid = child.pid ?? 0
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    this.ended = once(child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr,
    }))
  }

  /** What it has printed so far. */
  get stdout(): string {
    return this.#stdout
  }

  /** Waits until the hub says where it listens, and gives its address. */
  async ready(): Promise<string> {
    const gone = this.ended.then(({ stderr, stdout }) => {
      throw new Error(`the hub ended before it was ready: ${stderr}${stdout}`)
    })
    const url = until(
      'the hub says where it listens',
      () => /ready at (http:\S+)/.exec(this.#stdout)?.[1],
      60_000,
    )
    return Promise.race([gone, url])
  }

  /** Of the hub itself, whoever started it. */
  get hubPid(): number {
    const hub = this.#hubs()[0]
    if (!hub) throw new Error('no hub runs')
    return hub.pid
  }

  /** Undefined while no server runs. */
  get postgresPid(): number | undefined {
    const pid = Number.parseInt(read(path.join(this.dataDir, 'postgres', 'postmaster.pid')), 10)
    return isPostgres(pid) ? pid : undefined
  }

  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /** `kill -9` of npm and the hub; its PostgreSQL is left to itself. */
  killHub(): void {
    for (const { pid } of this.processes().filter((process) => !isPostgres(process.pid))) kill(pid)
  }

  /** `kill -9` of the server with all its children. */
  killPostgres(): void {
    for (const { pid } of this.processes().filter((process) => isPostgres(process.pid))) kill(pid)
  }

  /** `kill -9` of all there is, until nothing is left. */
  async killEverything(): Promise<void> {
    await until('nothing is left', () => {
      const left = this.processes()
      for (const { pid } of left) kill(pid)
      return left.length === 0
    })
  }

  /** Every process that has to do with the data directory: npm, the hub, PostgreSQL and its children. */
  processes(): readonly ProcessInfo[] {
    return fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ') }))
      .filter(({ pid, command }) => pid !== process.pid && command !== '' && this.#isOurs(pid, command))
  }

  #hubs(): readonly ProcessInfo[] {
    return this.processes().filter(
      ({ command }) => command.includes('src/main.ts') && !command.includes('npm'),
    )
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
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-run-'))
  directories.push(dir)
  return path.join(dir, 'data')
}

export function removeDataDirs(): void {
  for (const dir of directories.splice(0)) fs.rmSync(dir, { recursive: true, force: true })
}

/** Starts the hub, lets `work` do its part and ends whatever is left then, so that a failed test leaves nothing. */
export async function withHub<T>(
  hub: HubProcess,
  work: (hub: HubProcess, url: string) => Promise<T>,
): Promise<T> {
  try {
    return await work(hub, await hub.ready())
  } finally {
    await hub.killEverything()
  }
}

function isPostgres(pid: number): boolean {
  return path.basename(linkOf(`/proc/${pid}/exe`)) === 'postgres'
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It was faster.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
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
