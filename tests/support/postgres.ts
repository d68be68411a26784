import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findBinaries } from '../../packages/hub/src/embedded/binaries.ts'
import { locateService } from '../../scripts/services.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { lastingPort } from './free-port.ts'

/** PostgreSQL refuses to run as root. */
export const unprivileged: { uid?: number; gid?: number } =
  process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}

function idOf(what: '-u' | '-g'): number {
  const user = fs.readFileSync('/etc/passwd', 'utf8').includes('\npostgres:') ? 'postgres' : 'nobody'
  return Number(execFileSync('id', [what, user], { encoding: 'utf8' }))
}

export interface PostgresOptions {
  /** Debian's, or the one that the hub brings along. */
  readonly from?: 'debian' | 'embedded'
  readonly settings?: Readonly<Record<string, string>>
  /** Lines of pg_hba.conf. */
  readonly access?: readonly string[]
  /** Where its data lies; by default a temporary directory. */
  readonly within?: string
  /** Where its log of changes lies, if not with the data; empty, and its user's. */
  readonly walDir?: string
}

export const superuser = 'postgres'

/** A PostgreSQL of a test's own, as somebody else operates it: on a port, and without the hub's help. */
export class PostgresServer {
  readonly dir: string
  readonly port: number
  readonly #postgres: string
  readonly #args: readonly string[]
  #child: ChildProcess | null = null
  #log = ''

  private constructor(dir: string, port: number, postgres: string, args: readonly string[]) {
    this.dir = dir
    this.port = port
    this.#postgres = postgres
    this.#args = args
  }

  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const { from = 'embedded', settings = {}, access = ['host all all 127.0.0.1/32 trust'] } = options
    const postgres = from === 'debian' ? debianPostgres() : (await findBinaries()).postgres
    const dir = temporaryDirectory(options.within)
    const data = path.join(dir, 'data')
    execFileSync(
      path.join(path.dirname(postgres), 'initdb'),
      [...initdbArgs(data), ...(options.walDir !== undefined ? [`--waldir=${options.walDir}`] : [])],
      { ...quietly, cwd: dir },
    )
    fs.writeFileSync(path.join(data, 'pg_hba.conf'), ['local all all trust', ...access, ''].join('\n'))
    const port = await lastingPort()
    const all = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: dir,
      ...settings,
    }
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = new PostgresServer(dir, port, postgres, ['-D', data, ...flags])
    await server.restart()
    return server
  }

  url(user = superuser, database = 'postgres'): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`
  }

  /** Starts it, again after it was killed. */
  async restart(): Promise<void> {
    const child = spawn(this.#postgres, this.#args, {
      ...unprivileged,
      cwd: this.dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    child.stderr.on('data', (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-20_000)))
    const answers = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended: ${this.#log}`)
      return this.execute('select 1').then(
        () => true,
        () => false,
      )
    }
    await until('PostgreSQL answers', answers, 60_000)
  }

  /** As its superuser. Gives the rows of the last statement. */
  async execute(sql: string, database = 'postgres'): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ host: this.dir, port: this.port, user: superuser, database })
    client.on('error', () => undefined)
    await client.connect()
    try {
      const result = (await client.query(sql)) as pg.QueryResult | pg.QueryResult[]
      const last = Array.isArray(result) ? result.at(-1) : result
      return last?.rows ?? []
    } finally {
      await client.end()
    }
  }

  /** All its processes stand still for a while, as they do when the disk below them hangs. */
  async hang(forMs: number): Promise<void> {
    const { pid } = this.#child ?? {}
    if (pid === undefined) return
    const pids = [pid, ...childrenOf(pid)]
    for (const one of pids) signalIfThere(one, 'SIGSTOP')
    await sleep(forMs)
    for (const one of pids) signalIfThere(one, 'SIGCONT')
  }

  /** Whether it runs: after a crash it may have ended by itself. */
  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** SIGINT is a fast shutdown, SIGQUIT an immediate one, SIGKILL what it says. */
  async end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  async stop(): Promise<void> {
    await this.end('SIGQUIT')
    fs.rmSync(this.dir, { recursive: true, force: true })
  }
}

const quietly = { ...unprivileged, stdio: 'pipe' } as const

function initdbArgs(data: string): string[] {
  return ['-D', data, `--username=${superuser}`, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
}

function debianPostgres(): string {
  const found = locateService('postgresql')
  if (found === null) throw new Error('postgresql is not installed')
  return found
}

/** That the server's own user can enter and write. */
export function temporaryDirectory(within = os.tmpdir()): string {
  const dir = fs.mkdtempSync(path.join(within, 'hub-postgres-'))
  const { uid, gid } = unprivileged
  if (uid !== undefined && gid !== undefined) fs.chownSync(dir, uid, gid)
  return dir
}

function childrenOf(pid: number): readonly number[] {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.split(' ').filter(Boolean).map(Number)
}

/** A connection may have ended meanwhile, and its process with it. */
function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
