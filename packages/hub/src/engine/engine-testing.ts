import assert from 'node:assert/strict'
import type { Integration, Source } from '../core/catalog.ts'
import type { IncomingEvent } from '../core/event.ts'
import type { Outcome } from '../core/outcome.ts'
import { sampleOutcome } from '../core/outcome-testing.ts'
import { PostgresQueue } from '../queue/postgres.ts'
import { openPool, type Pool } from '../store/database.ts'
import { ensurePartitions } from '../store/partitions.ts'
import { isTimed } from '../store/queue.ts'
import type { Delivery, Target } from '../targets/target.ts'
import { until } from '../testing/until.ts'
import { putIntegration } from './configure-integration.ts'
import { putSource } from './configure-source.ts'
import type { Configuring } from './configure.ts'
import { openTestConfiguration, type TestConfiguration } from './configuring-testing.ts'
import { Engine } from './engine.ts'
import type { LiveCatalog } from './live-catalog.ts'
import type { NodeSettings } from './node.ts'
import { deleteIntegration } from './operate-integration.ts'
import { Telemetry } from './telemetry.ts'

/** What a test's target makes of a delivery; what it leaves out says delivered. */
export type Script = (delivery: Delivery, signal: AbortSignal) => Promise<Partial<Outcome>> | Partial<Outcome>

export interface Received {
  readonly integration: string
  readonly delivery: Delivery
  readonly atMs: number
  readonly outcome: Outcome
}

const fine = { result: 'delivered', httpStatus: 200, errorClass: null, error: null } as const
const status = { errorClass: 'status', error: 'the target said no' } as const
export const failed: Partial<Outcome> = { result: 'failed', httpStatus: 500, ...status }
export const down: Partial<Outcome> = { result: 'failed', httpStatus: 503, ...status }
export const refusedForEver: Partial<Outcome> = { result: 'permanent', httpStatus: 422, ...status }

/** Ends when it is cut off, as a target that hangs. */
export function hang(signal: AbortSignal): Promise<Partial<Outcome>> {
  const { promise, resolve } = Promise.withResolvers<Partial<Outcome>>()
  const cutOff = (): void => resolve({ result: 'aborted', httpStatus: null, error: 'it was cut off' })
  if (signal.aborted) cutOff()
  else signal.addEventListener('abort', cutOff, { once: true })
  return promise
}

/** Whoever asks waits, as if the process stood still; returns how it goes on. */
function freezePool(pool: Pool): () => void {
  const thawed = Promise.withResolvers<void>()
  const query = pool.query.bind(pool)
  const connect = pool.connect.bind(pool)
  const afterThaw =
    <T>(work: (...values: unknown[]) => T) =>
    (...values: unknown[]): Promise<T> =>
      thawed.promise.then(() => work(...values))
  Object.assign(pool, { query: afterThaw(query as never), connect: afterThaw(connect as never) })
  return () => {
    Object.assign(pool, { query, connect })
    thawed.resolve()
  }
}

const anything = { ifMatch: undefined, ifNoneMatch: undefined }

const quickLease: NodeSettings = { leaseMs: 1_500, renewEveryMs: 200 }

/** One node: an engine with connections of its own, so that they can be cut. */
export interface TestNode {
  readonly engine: Engine
  readonly pool: Pool
  readonly leasePool: Pool
  readonly applicationName: string
  readonly storeErrors: unknown[]
}

/** A database, a configuration, engines over them, and targets that do what a test says. */
export class TestHub {
  readonly #configuration: TestConfiguration
  readonly #nodes: TestNode[] = []
  readonly #scripts = new Map<string, Script>()
  readonly #probes = new Map<string, () => Partial<Outcome>>()
  readonly #thaws = new Map<TestNode, () => void>()
  readonly received: Received[] = []
  source!: Source
  #names = 0

  private constructor(configuration: TestConfiguration) {
    this.#configuration = configuration
  }

  static async create(): Promise<TestHub> {
    const configuration = await openTestConfiguration()
    await ensurePartitions(configuration.configuring.pool, new Date())
    return new TestHub(configuration)
  }

  get pool(): Pool {
    return this.#configuration.configuring.pool
  }

  get catalog(): LiveCatalog {
    return this.#configuration.catalog
  }

  async close(): Promise<void> {
    await this.#configuration.close()
  }

  /** A source of the test's own: what it emits reaches only what the test puts. */
  async beginTest(): Promise<void> {
    this.received.length = 0
    const name = this.#name('source')
    const put = { name, actor: 'test', precondition: anything, input: {} }
    this.source = (await putSource(this.#configuration.configuring, put)).resource
  }

  async endTest(): Promise<void> {
    for (const node of this.#nodes.splice(0)) {
      this.thaw(node)
      await this.stop(node, 0)
    }
  }

  /** Its database answers no more, until the test is over or it is thawed. */
  freeze(node: TestNode): void {
    const thaws = [node.pool, node.leasePool].map(freezePool)
    this.#thaws.set(node, () => thaws.forEach((thaw) => thaw()))
  }

  thaw(node: TestNode): void {
    this.#thaws.get(node)?.()
  }

  async stop({ engine, pool, leasePool }: TestNode, graceMs: number): Promise<void> {
    await engine.stop(graceMs)
    for (const opened of [pool, leasePool]) if (!opened.ended) await opened.end()
  }

  async put(spec: object, script: Script = () => ({}), probe?: () => Partial<Outcome>): Promise<Integration> {
    const name = this.#name('integration')
    this.#scripts.set(name, script)
    if (probe) this.#probes.set(name, probe)
    return this.#put(name, spec, this.#configuration.configuring)
  }

  /** By another node, of which this one hears later. */
  async putElsewhere(spec: object): Promise<Integration> {
    const catalog = { refresh: () => Promise.resolve() }
    return this.#put(this.#name('integration'), spec, { ...this.#configuration.configuring, catalog })
  }

  async change({ name }: Integration, spec: object): Promise<Integration> {
    return this.#put(name, spec, this.#configuration.configuring)
  }

  async delete({ name }: Integration): Promise<void> {
    const request = { name, actor: 'test', precondition: anything }
    await deleteIntegration(this.#configuration.configuring, request, 'cancel')
  }

  script({ name }: Integration, script: Script): void {
    this.#scripts.set(name, script)
  }

  async #put(name: string, spec: object, configuring: Configuring): Promise<Integration> {
    const input = { sources: [this.source.name], target: { kind: 'inspect' }, ...spec }
    const put = { name, actor: 'test', precondition: anything, input }
    return (await putIntegration(configuring, put)).resource
  }

  #name(kind: string): string {
    return `${kind}-${++this.#names}`
  }

  async start(nodeKey = 'node', nodeSettings = quickLease): Promise<TestNode> {
    const applicationName = this.#name(nodeKey)
    const { url, catalog } = this.#configuration
    const pool = openPool({ url, applicationName, maxConnections: 8 }, () => undefined)
    const leasePool = openPool({ url, applicationName, maxConnections: 3 }, () => undefined)
    const storeErrors: unknown[] = []
    const telemetry = new Telemetry((error) => assert.fail(String(error)))
    telemetry.on('storeDown', ({ error }) => storeErrors.push(error))
    const engine = new Engine({
      pool,
      leasePool,
      queue: new PostgresQueue(pool, 500),
      identity: { nodeKey, host: 'test', version: '0' },
      nodeSettings,
      catalog,
      createPartitions: () => ensurePartitions(this.pool, new Date()),
      refusal: () => null,
      telemetry,
      createTarget: ({ name }) => ({
        batch: 1,
        close: () => Promise.resolve(),
        probe: this.#probeOf(name),
        deliver: async ([delivery], signal) => {
          assert.ok(delivery)
          return [await this.#deliver(name, delivery, signal)]
        },
      }),
    })
    await engine.start()
    const node = { engine, pool, leasePool, applicationName, storeErrors }
    this.#nodes.push(node)
    return node
  }

  #probeOf(integration: string): Target['probe'] {
    const probe = this.#probes.get(integration)
    return probe && (() => Promise.resolve(sampleOutcome({ ...fine, startedAt: new Date(), ...probe() })))
  }

  async #deliver(integration: string, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const atMs = performance.now()
    const script = this.#scripts.get(integration) ?? (() => ({}))
    const said = await Promise.resolve(script(delivery, signal))
    const outcome = sampleOutcome({ ...fine, startedAt: new Date(), ...said })
    this.received.push({ integration, delivery, atMs, outcome })
    return outcome
  }

  /** What reached an integration's target and was taken, by the number in its body. */
  delivered({ name }: Integration): readonly number[] {
    return this.received
      .filter(({ integration, outcome }) => integration === name && outcome.result === 'delivered')
      .map(({ delivery }) => numberOf(delivery))
  }

  async untilDelivered(integration: Integration, count: number, timeoutMs?: number): Promise<void> {
    await until(`${count} are delivered`, () => this.delivered(integration).length >= count, timeoutMs)
  }

  /** Nothing of it waits any more, on disk. */
  async untilEmpty(integration: Integration, timeoutMs?: number): Promise<void> {
    await until('nothing waits', async () => (await this.queued(integration)) === 0, timeoutMs)
  }

  async queued({ id }: Integration): Promise<number> {
    const { rowCount } = await this.pool.query('select from hub.queue where integration_id = $1', [id])
    return rowCount ?? 0
  }

  async attempts({ id }: Integration): Promise<readonly AttemptSeen[]> {
    const { rows } = await this.pool.query<AttemptSeen>(
      `select seq, event_id, n, outcome, ended, counted from hub.attempts where integration_id = $1 order by seq, at`,
      [id],
    )
    return rows
  }

  /** Cuts all connections of a node. */
  async cut({ applicationName }: TestNode): Promise<void> {
    await this.pool.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
      [applicationName],
    )
  }

  /** The sums of the counters, and the same counted in the tables. */
  async sums({ id }: Integration): Promise<{ readonly counted: object; readonly true: object }> {
    const counted = await this.pool.query<object>(
      `select sum(queued)::int as queued, sum(timed)::int as timed, sum(dead)::int as dead, sum(manual)::int as manual,
         sum(delivered)::int as delivered, sum(attempts)::int as attempts, sum(failures)::int as failures
       from hub.counters where integration_id = $1`,
      [id],
    )
    const real = await this.pool.query<object>(
      `select (select count(*) from hub.queue where integration_id = $1)::int as queued,
         (select count(*) from hub.queue q where integration_id = $1 and ${isTimed('q')})::int as timed,
         (select count(*) from hub.dead_letters where integration_id = $1 and state = 'dead')::int as dead,
         (select count(*) from hub.dead_letters where integration_id = $1 and state = 'manual')::int as manual,
         count(*) filter (where ended = 'delivered')::int as delivered, count(*)::int as attempts,
         count(*) filter (where outcome in ('failed', 'permanent'))::int as failures
       from hub.attempts where integration_id = $1`,
      [id],
    )
    return { counted: counted.rows[0] ?? {}, true: real.rows[0] ?? {} }
  }
}

export interface AttemptSeen {
  readonly seq: number
  readonly event_id: string
  readonly n: number
  readonly outcome: string
  readonly ended: string | null
  readonly counted: boolean
}

export function numberOf(delivery: Delivery): number {
  return (JSON.parse(delivery.event.body.toString()) as { n: number }).n
}

export function event(n: number, parts: Partial<IncomingEvent> = {}): IncomingEvent {
  return {
    type: 'order.created',
    subject: null,
    attributes: {},
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify({ n })),
    headers: {},
    idempotencyKey: null,
    correlationId: null,
    causationId: null,
    deliverAt: null,
    keys: {},
    ...parts,
  }
}

export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

export function ascending(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b)
}
