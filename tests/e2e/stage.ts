import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, afterEach, type TestContext } from 'node:test'
import { createTestDatabase } from '../../packages/hub/src/testing/database.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api, expectOk, type Answer, type Json } from '../support/api.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { Sink, type Arrival, type Behaviour, type Answer as TargetAnswer } from '../support/sink.ts'

/** A source, an integration of the same name that wants all of it, and the target behind that. */
export interface Line {
  readonly name: string
  /** With the key of the source. */
  readonly sender: Api
  /** What the target got so far, in order. */
  readonly arrivals: readonly Arrival[]
  behave(behaviour: Behaviour | TargetAnswer): void
  /** Sends one event and gives its id. */
  send(body?: string | Buffer, headers?: Readonly<Record<string, string>>): Promise<string>
  /** Waits until the target got so many requests. */
  got(count: number): Promise<readonly Arrival[]>
}

export interface LineSpec {
  readonly source?: object
  readonly target?: object
  /** Of the integration, besides its sources and target. */
  readonly policy?: object
}

const loggedChars = 8_000

/** A hub that runs for a file of tests, with a server that plays all its targets. */
export class Stage {
  readonly api: Api
  readonly hub: HubProcess
  readonly sink: Sink
  readonly databaseUrl: string
  readonly #arrivals = new Map<string, Arrival[]>()
  #lines = 0

  private constructor(api: Api, hub: HubProcess, sink: Sink, databaseUrl: string) {
    this.api = api
    this.hub = hub
    this.sink = sink
    this.databaseUrl = databaseUrl
    sink.onArrival((arrival) => this.arrivalsAt(arrival.target).push(arrival))
  }

  /** It ends when the tests of the file are over. */
  static async open(env: NodeJS.ProcessEnv = {}): Promise<Stage> {
    const database = await createTestDatabase()
    const sink = await Sink.start()
    const adminKey = randomBytes(32).toString('hex')
    const hub = new HubProcess(newDataDir(), {
      by: 'node',
      env: { HUB_ADMIN_KEY: adminKey, DATABASE_URL: database.url, ...env },
    })
    after(async () => {
      await hub.killEverything()
      await sink.stop()
      await database.drop()
      removeDataDirs()
    })
    afterEach((context) => {
      const { name, passed } = context as TestContext
      if (!passed)
        console.error(`what the hub said before "${name}" failed:\n${hub.stdout.slice(-loggedChars)}`)
    })
    const api = new Api(await hub.ready(), adminKey)
    after(() => api.close())
    return new Stage(api, hub, sink, database.url)
  }

  arrivalsAt(target: string): Arrival[] {
    const arrivals = this.#arrivals.get(target) ?? []
    this.#arrivals.set(target, arrivals)
    return arrivals
  }

  newName(): string {
    return `line-${++this.#lines}`
  }

  async line({ source = {}, target = {}, policy = {} }: LineSpec = {}): Promise<Line> {
    const name = this.newName()
    expectOk(await this.api.put(`/v1/sources/${name}`, source))
    expectOk(
      await this.api.put(`/v1/integrations/${name}`, {
        ...policy,
        sources: [name],
        target: { kind: 'http', url: this.sink.urlOf(name), ...target },
      }),
    )
    const made = expectOk(await this.api.post('/v1/keys', { name, role: 'source', source: name }))
    const sender = this.api.as(made.key)
    const arrivals = this.arrivalsAt(name)
    return {
      ...{ name, sender, arrivals },
      behave: (behaviour) => this.sink.behave(name, behaviour),
      send: async (body = '{}', headers = {}) => {
        const call = { body, headers: { 'content-type': 'application/json', ...headers } }
        return expectOk(await sender.send('POST', '/v1/events?type=thing.happened', call)).eventId as string
      },
      got: async (count) => {
        await until(`${name} got ${count} requests`, () => arrivals.length >= count)
        return arrivals
      },
    }
  }

  /** The event once its status is this. */
  event(eventId: string, status: string): Promise<Json> {
    return this.#once(`/v1/events/${eventId}`, `event ${eventId} is ${status}`, status)
  }

  /** The delivery of an event to one integration, with its attempts, once its status is this. */
  async delivery(eventId: string, status: string, integration?: string): Promise<Json> {
    const { deliveries } = expectOk(await this.api.get(`/v1/events/${eventId}`))
    const found = deliveries.find((delivery: Json) => [undefined, delivery.integration].includes(integration))
    assert.ok(found, `event ${eventId} has no such delivery`)
    const path = `/v1/deliveries/${found.deliveryId}`
    return this.#once(path, `the delivery of ${eventId} is ${status}`, status)
  }

  async #once(path: string, what: string, status: string): Promise<Json> {
    let last: Json
    const look = async (): Promise<boolean> => {
      last = expectOk(await this.api.get(path))
      return last.status === status
    }
    await until(what, look).catch((error: Error) => {
      throw new Error(`${error.message}; it is ${JSON.stringify(last)}`)
    })
    return last
  }
}

/** That an answer is a problem document with this status and code, which tells what to do. */
export function assertProblem(answer: Answer, status: number, code: string): Json {
  const text = answer.bytes.toString()
  assert.equal(answer.status, status, text)
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, text)
  const { json } = answer
  assert.equal(json.code, code, text)
  assert.equal(json.status, status, text)
  assert.ok(json.title.length > 5 && json.detail.length > 10, text)
  assert.doesNotMatch(text, /\bat \w+.*\.ts:\d+/, 'a stack trace leaves the hub')
  return json
}
