import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'

const script = path.resolve(import.meta.dirname, '../../packages/hub/src/main.ts')
const startTimeoutMs = 120_000

export interface HubOptions {
  /** Null: the embedded one. */
  readonly databaseUrl: string | null
  readonly nodeArguments: readonly string[]
  /** What is put before the command, such as `taskset`. */
  readonly confinement?: readonly string[]
  /** Beside the settings of a new installation, such as what nodes of one database share. */
  readonly env?: Readonly<Record<string, string>>
}

/** A hub with the settings of a new installation, in a process that can be ended and started again. */
export class HubProcess {
  readonly url: string
  readonly dataDir: string
  readonly #adminKey: string
  readonly #options: HubOptions
  #child: ChildProcess | null = null

  private constructor(url: string, dataDir: string, options: HubOptions) {
    this.url = url
    this.dataDir = dataDir
    this.#options = options
    this.#adminKey = options.env?.['HUB_ADMIN_KEY'] ?? randomBytes(32).toString('hex')
  }

  static async start(options: HubOptions): Promise<HubProcess> {
    const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-bench-'))
    const hub = new HubProcess(`http://127.0.0.1:${await freePort()}`, dataDir, options)
    process.once('exit', () => hub.#child?.kill('SIGKILL'))
    await hub.start()
    return hub
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Of the embedded one. */
  get postgresPid(): number {
    return Number.parseInt(readFileSync(path.join(this.dataDir, 'postgres/postmaster.pid'), 'utf8'), 10)
  }

  /** Resolves when the hub is ready, with the milliseconds that it took. */
  async start(): Promise<number> {
    const startedMs = performance.now()
    await this.#spawn()
    while (performance.now() - startedMs < startTimeoutMs && this.#child?.exitCode === null) {
      if (await this.#isReady()) return performance.now() - startedMs
      await sleep(20)
    }
    this.#child?.kill('SIGKILL')
    const output = await fs.readFile(this.outputFile, 'utf8')
    throw new Error(`the hub did not become ready:\n${output.slice(-4_000)}`)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (!child) return
    this.#child = null
    if (child.exitCode !== null) throw new Error(`the hub ended by itself with ${child.exitCode}`)
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }

  /** Ends it and removes what it kept. */
  async stop(): Promise<void> {
    await this.end('SIGTERM')
    await fs.rm(this.dataDir, { recursive: true, force: true })
  }

  async call(method: string, resource: string, body?: object): Promise<unknown> {
    const authorization = `Bearer ${this.#adminKey}`
    const headers = { authorization, ...(body && { 'content-type': 'application/json' }) }
    const response = await fetch(this.url + resource, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${resource}: ${response.status} ${text}`)
    if (text === '') return null
    return JSON.parse(text) as unknown
  }

  get outputFile(): string {
    return path.join(this.dataDir, 'output.log')
  }

  async #spawn(): Promise<void> {
    const { databaseUrl, nodeArguments, confinement = [], env = {} } = this.#options
    const words = [...confinement, process.execPath, ...nodeArguments, script]
    const output = await fs.open(this.outputFile, 'a')
    const child = spawn(words[0] ?? process.execPath, words.slice(1), {
      stdio: ['ignore', output.fd, output.fd],
      env: {
        ...process.env,
        ...env,
        HUB_PORT: new URL(this.url).port,
        HUB_DATA_DIR: this.dataDir,
        HUB_ADMIN_KEY: this.#adminKey,
        DATABASE_URL: databaseUrl ?? undefined,
      },
    })
    await output.close()
    this.#child = child
  }

  #isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
  }
}
