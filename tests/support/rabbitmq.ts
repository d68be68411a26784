import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { until } from '../../packages/hub/src/testing/until.ts'
import { lastingPort } from './free-port.ts'

/** The program itself: Debian's wrapper around it wants to be the system's service. */
const programs = '/usr/lib/rabbitmq/bin'
const startWithinMs = 90_000
const startAttempts = 4

/** A RabbitMQ of a test's own, in a temporary directory and on free ports. */
export class RabbitServer {
  readonly port: number
  readonly #dir: string
  readonly #env: NodeJS.ProcessEnv
  #child: ChildProcess | null = null

  private constructor(port: number, dir: string, env: NodeJS.ProcessEnv) {
    this.port = port
    this.#dir = dir
    this.#env = env
  }

  static async start(more: NodeJS.ProcessEnv = {}): Promise<RabbitServer> {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-rabbit-'))
    const port = await lastingPort()
    fs.writeFileSync(path.join(dir, 'plugins'), '[].\n')
    fs.writeFileSync(
      path.join(dir, 'rabbitmq.conf'),
      `listeners.tcp.1 = 127.0.0.1:${port}\nlog.console = false\n`,
    )
    const env = {
      PATH: process.env['PATH'],
      HOME: dir,
      ERL_EPMD_PORT: String(await lastingPort()),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `hub${port}@localhost`,
      RABBITMQ_DIST_PORT: String(await lastingPort()),
      RABBITMQ_CONFIG_FILE: path.join(dir, 'rabbitmq'),
      RABBITMQ_MNESIA_BASE: path.join(dir, 'mnesia'),
      RABBITMQ_LOG_BASE: path.join(dir, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: path.join(dir, 'plugins'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1',
      ...more,
    }
    const server = new RabbitServer(port, dir, env)
    await server.restart()
    return server
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`
  }

  /** The process group of all that runs of it. */
  get group(): number {
    return this.#child?.pid ?? 0
  }

  async restart(): Promise<void> {
    for (let attempt = 1; !(await this.#startsUp()); attempt++) {
      await this.kill()
      if (attempt === startAttempts) throw new Error(`RabbitMQ does not start: ${this.#lastWords()}`)
    }
  }

  /** One that is started too soon after another was killed finds its name taken, or a port, and ends. */
  async #startsUp(): Promise<boolean> {
    const output = fs.openSync(this.#outputFile, 'w')
    const child = spawn(path.join(programs, 'rabbitmq-server'), [], {
      env: this.#env,
      cwd: this.#dir,
      stdio: ['ignore', output, output],
      detached: true,
    })
    fs.closeSync(output)
    this.#child = child
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
    const isUp = async (): Promise<boolean> => hasEnded() || (await answers(this.port))
    await until('RabbitMQ answers', isUp, startWithinMs).catch(() => this.kill())
    return this.#child !== null && !hasEnded()
  }

  get #outputFile(): string {
    return path.join(this.#dir, 'output')
  }

  #lastWords(): string {
    return fs.readFileSync(this.#outputFile, 'utf8').trim().slice(-2_000)
  }

  /** Until its operator can do something with it, which is later than it answers. */
  async started(): Promise<void> {
    await this.control('await_startup')
  }

  /** As its operator. Gives what it printed. */
  async control(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(path.join(programs, 'rabbitmqctl'), ['--quiet', ...args], {
      env: this.#env,
      cwd: this.#dir,
      timeout: 60_000,
    })
    return stdout
  }

  /** With all that belongs to it. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child?.pid === undefined) return
    const { pid } = child
    // Also when its shell has ended already, and once more for what was just being forked.
    await until('RabbitMQ is gone', () => !signalGroup(pid, 'SIGKILL'), 60_000)
  }

  async stop(): Promise<void> {
    await this.kill()
    // Erlang's name server outlives what it was started for.
    spawnSync('epmd', ['-kill'], { env: this.#env })
    fs.rmSync(this.#dir, { recursive: true, force: true })
  }
}

/** Whether there was anybody left to get it. */
function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return connected
}
