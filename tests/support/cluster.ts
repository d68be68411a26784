import { randomBytes } from 'node:crypto'
import { Api, expectOk, type Json } from './api.ts'
import { lastingPort } from './free-port.ts'
import { HubProcess, newDataDir } from './hub-process.ts'
import { untilReady } from './until-ready.ts'

/** One node of several: the process that runs now, and what stays the same over its restarts. */
export class ClusterNode {
  readonly name: string
  readonly api: Api
  readonly #env: NodeJS.ProcessEnv
  readonly #dataDir = newDataDir()
  #hub: HubProcess

  constructor(name: string, port: number, adminKey: string, env: NodeJS.ProcessEnv, from?: string) {
    this.name = name
    this.#env = { ...env, HUB_PORT: String(port) }
    this.api = new Api(`http://127.0.0.1:${port}`, adminKey)
    this.#hub = this.#run({}, from)
  }

  get hub(): HubProcess {
    return this.#hub
  }

  /** What it is called in the list of nodes; known once it runs. */
  async id(): Promise<string> {
    const { items } = expectOk(await this.api.get('/v1/nodes'))
    return items.find(({ self }: Json) => self).nodeId as string
  }

  /** Starts it again; `more` and `from` hold for this run only. */
  start(more: NodeJS.ProcessEnv = {}, from?: string): void {
    this.#hub = this.#run(more, from)
  }

  async ready(): Promise<void> {
    await untilReady(this.api, this.#hub, this.name, 120_000)
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.#hub.pid, signal)
  }

  async kill(): Promise<void> {
    await this.#hub.killEverything()
  }

  async end(): Promise<void> {
    await this.kill()
    await this.api.close()
  }

  #run(more: NodeJS.ProcessEnv = {}, from?: string): HubProcess {
    const env = { ...this.#env, ...more }
    return new HubProcess(this.#dataDir, { by: 'node', env, ...(from !== undefined && { from }) })
  }
}

/** Nodes on one database, with the keys that they share. */
export class Cluster {
  readonly nodes: ClusterNode[] = []
  readonly #env: NodeJS.ProcessEnv
  readonly secretKey = randomBytes(32).toString('hex')
  readonly #adminKey = randomBytes(32).toString('hex')

  constructor(databaseUrl: string, more: NodeJS.ProcessEnv = {}) {
    this.#env = {
      DATABASE_URL: databaseUrl,
      HUB_ADMIN_KEY: this.#adminKey,
      HUB_SECRET_KEY: this.secretKey,
      HUB_LOG_LEVEL: 'warn',
      ...more,
    }
  }

  /** Starts one more, with the code that is at `from`, and waits until it is ready. */
  async add(more: NodeJS.ProcessEnv = {}, from?: string): Promise<ClusterNode> {
    const name = `node-${this.nodes.length + 1}`
    const node = new ClusterNode(name, await lastingPort(), this.#adminKey, { ...this.#env, ...more }, from)
    this.nodes.push(node)
    await node.ready()
    return node
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()))
  }
}
