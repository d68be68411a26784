import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { until } from '../../packages/hub/src/testing/until.ts'

const repository = path.resolve(import.meta.dirname, '..', '..')
const program = path.join(repository, 'packages', 'hub', 'bin', 'hub.js')
const startsWithinMs = 60_000

/** Parsed JSON of any shape: a story says what it expects of it. */
export type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  readonly status: number
  readonly json: Json
}

/** A real hub for one story: started as anyone starts one, with its data in a directory that goes away with it. */
export class Hub {
  url = ''
  readonly #directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-example-'))
  /** What manifests and commands may name as `${NAME}`. */
  readonly #variables: Readonly<Record<string, string>>
  #process: ChildProcess | null = null
  #log = ''

  private constructor(variables: Readonly<Record<string, string>>) {
    this.#variables = variables
  }

  static async start(variables: Readonly<Record<string, string>>): Promise<Hub> {
    const hub = new Hub(variables)
    await hub.start()
    return hub
  }

  get dataDir(): string {
    return path.join(this.#directory, 'data')
  }

  get adminKey(): string {
    return fs.readFileSync(path.join(this.dataDir, 'admin-key'), 'utf8').trim()
  }

  /** All that it has printed: JSON, a line for each thing worth knowing. */
  get log(): string {
    return this.#log
  }

  /** Again on the port that it had, so that senders find it. */
  async start(): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port
    const child = spawn(process.execPath, [program, 'start'], {
      cwd: repository,
      env: { ...this.#environment(), HUB_PORT: port },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    let printed = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        printed += chunk.toString()
        this.#log += chunk.toString()
      })
    const ready = until('the hub is ready', () => /ready at (http:\S+)/.exec(printed)?.[1], startsWithinMs)
    const gone = once(child, 'close').then(() => {
      throw new Error(`the hub ended before it was ready:\n${printed}`)
    })
    gone.catch(() => undefined)
    this.url = await Promise.race([ready, gone])
  }

  /** As when the power fails: it gets no chance to put anything in order. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    fs.rmSync(this.#directory, { recursive: true, force: true })
  }

  /** `hub <args>`, as in a terminal; gives what it prints. */
  async command(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], {
      cwd: repository,
      env: { ...this.#environment(), HUB_URL: this.url, HUB_KEY: this.adminKey, COLUMNS: '110' },
    })
    return stdout.trim()
  }

  /** The API, with the admin key. */
  async call(method: string, resource: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + resource, {
      method,
      headers: {
        authorization: `Bearer ${this.adminKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text }
  }

  async get(resource: string): Promise<Json> {
    const { status, json } = await this.call('GET', resource)
    if (status !== 200) throw new Error(`GET ${resource} was answered ${status}: ${JSON.stringify(json)}`)
    return json
  }

  /** Waits until the API says that the event is in this status, and gives the event. */
  async eventOnce(eventId: string, status: string): Promise<Json> {
    return until(`event ${eventId} is ${status}`, async () => {
      const event = await this.get(`/v1/events/${eventId}`)
      return event.status === status && event
    })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  /** What the terminal of whoever runs the story has set for another hub is not meant for this one. */
  #environment(): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('HUB_') && name !== 'DATABASE_URL',
    )
    return { ...Object.fromEntries(inherited), ...this.#variables, HUB_DATA_DIR: this.dataDir }
  }
}
