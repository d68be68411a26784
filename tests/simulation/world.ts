import type { Source } from '../../packages/hub/src/core/catalog.ts'
import type { IncomingEvent } from '../../packages/hub/src/core/event.ts'
import type { Outcome } from '../../packages/hub/src/core/outcome.ts'
import { sampleOutcome } from '../../packages/hub/src/core/outcome-testing.ts'
import type { Engine } from '../../packages/hub/src/engine/engine.ts'
import type { CatalogIndex } from '../../packages/hub/src/engine/live-catalog.ts'
import type { Delivery } from '../../packages/hub/src/targets/target.ts'
import type { Postgres } from './postgres.ts'
import { Schedule } from './schedule.ts'
import { createEngine } from './simulated-node.ts'
import { startMs, time } from './virtual-time.ts'

export const faultsForMs = 8_000

/** The integrations that every event goes to; `sick` is down at first and has events it never takes. */
export const integrations = {
  plain: { retry: { delaysMs: [100, 300], maxAttempts: 60 } },
  ordered: { ordering: 'subject', concurrency: 4, retry: { delaysMs: [50, 200], maxAttempts: 60 } },
  limited: { rateLimit: { perSecond: 10, burst: 3 }, retry: { delaysMs: [100], maxAttempts: 60 } },
  sick: {
    circuit: { failures: 3, openMs: 300, maxOpenMs: 1_200 },
    retry: { delaysMs: [80, 400], maxAttempts: 25, jitter: 0 },
    onExhausted: 'manual',
  },
} as const

export type IntegrationName = keyof typeof integrations

export function isPoison(n: number): boolean {
  return n % 7 === 3
}

export function eventOf(n: number, subject: string | null): IncomingEvent {
  return {
    type: 'order.created',
    subject,
    attributes: {},
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify({ n })),
    headers: {},
    idempotencyKey: `key-${n}`,
    correlationId: null,
    causationId: null,
    deliverAt: null,
    keys: {},
  }
}

export function numberOf({ event }: Delivery): number {
  return (JSON.parse(event.body.toString()) as { n: number }).n
}

/** One request that reached a target. */
export interface Arrival {
  readonly integration: IntegrationName
  readonly node: string
  readonly n: number
  readonly subject: string | null
  readonly seq: number
  readonly atMs: number
  readonly isTaken: boolean
}

interface RunningNode {
  readonly name: string
  readonly key: string
  readonly engine: Engine
  readonly died: PromiseWithResolvers<never>
  /** It has started: before that it takes no requests. */
  isOpen: boolean
}

/** The engine that ships, its targets, its senders and its accidents, in one schedule. */
export class World {
  readonly schedule: Schedule
  readonly arrivals: Arrival[] = []
  readonly accepted = new Map<number, string>()
  /** When each was first sent, and when it was answered, by what happens one after the other. */
  readonly sentAt = new Map<number, number>()
  readonly acceptedAt = new Map<number, number>()
  readonly events: number
  readonly restarts: number[] = []
  readonly #url: string
  readonly #catalog: CatalogIndex
  readonly #source: Source
  readonly #nodes: RunningNode[] = []
  readonly #sickUntilMs: number
  #names = 0
  #moment = 0

  constructor(seed: number, url: string, catalog: CatalogIndex, postgres: Postgres) {
    this.schedule = new Schedule(seed, postgres)
    this.#url = url
    this.#catalog = catalog
    const [source] = catalog.catalog.sources
    if (!source) throw new Error('the catalog has no source')
    this.#source = source
    this.events = this.schedule.random.between(6, 20)
    this.#sickUntilMs = startMs + this.schedule.random.between(0, 6_000)
  }

  /** To its end: all that was accepted has ended, and every node has stopped. */
  async run(isEmpty: () => Promise<boolean>): Promise<void> {
    const { schedule } = this
    const { random, weather } = schedule
    for (let index = 0; index < weather.nodes; index++) this.#start(`node-${index}`)
    for (let n = 1; n <= this.events; n++) time.later(() => void this.#send(n), random.between(1, 5_000))
    for (let count = 0; count < weather.kills; count++)
      time.later(
        () => schedule.intervene(() => this.#kill(random.pick(this.#nodes))),
        random.between(500, faultsForMs),
      )
    for (let count = 0; count < weather.freezes; count++)
      time.later(() => this.#freeze(), random.between(500, 4_000))
    time.later(() => (schedule.isCalm = true), faultsForMs)
    await schedule.runUntil(async () => {
      const mayBeOver = schedule.isCalm && this.accepted.size === this.events && schedule.steps % 20 === 0
      return mayBeOver && (await isEmpty())
    })
    await this.#stop()
  }

  #start(key: string): void {
    const name = `${key}.${++this.#names}`
    this.restarts.push(time.nowMs)
    time.within(name, () => {
      const engine = createEngine({
        ...{ name, key, url: this.#url, catalog: this.#catalog, schedule: this.schedule },
        settings: { leaseMs: 1_500, renewEveryMs: 300 },
        deliver: (integration, delivery) => this.#arrive(integration as IntegrationName, name, delivery),
      })
      const node = { name, key, engine, died: Promise.withResolvers<never>(), isOpen: false }
      node.died.promise.catch(() => undefined)
      this.#nodes.push(node)
      engine.start().then(
        () => (node.isOpen = true),
        // A process that cannot start ends, and is started again.
        () => this.schedule.intervene(() => this.#kill(node)),
      )
    })
  }

  async #arrive(integration: IntegrationName, node: string, delivery: Delivery): Promise<Outcome> {
    const { random } = this.schedule
    const n = numberOf(delivery)
    const outcome = this.#answerOf(integration, n)
    const isTaken = outcome.result === 'delivered'
    const { subject, seq } = delivery.event
    this.arrivals.push({ integration, node, n, subject, seq, atMs: time.nowMs, isTaken })
    this.schedule.note(`${node} → ${integration} ${n}: ${outcome.httpStatus}`)
    const startedAt = new Date()
    const durationMs = random.chance(0.05) ? random.between(500, 2_500) : random.between(1, 40)
    await new Promise((resolve) => setTimeout(resolve, durationMs))
    return { ...outcome, startedAt, durationMs }
  }

  #answerOf(integration: IntegrationName, n: number): Outcome {
    const { random } = this.schedule
    const fine = sampleOutcome({ result: 'delivered', httpStatus: 200, errorClass: null, error: null })
    if (integration === 'sick') {
      if (time.nowMs < this.#sickUntilMs) return sampleOutcome({ httpStatus: 503 })
      return isPoison(n) ? sampleOutcome({ httpStatus: 500 }) : fine
    }
    if (integration === 'limited') return fine
    return random.chance(0.2) ? sampleOutcome({ httpStatus: random.pick([500, 503]) }) : fine
  }

  /** As a client does that has an idempotency key: until it is answered. */
  async #send(n: number): Promise<void> {
    const event = eventOf(n, `subject-${n % 3}`)
    const pause = (ms: number) => new Promise((resolve) => time.later(() => resolve(null), ms))
    while (!this.accepted.has(n)) {
      const node = this.schedule.random.pick(this.#nodes)
      if (!node.isOpen) {
        await pause(50)
        continue
      }
      if (!this.sentAt.has(n)) this.sentAt.set(n, this.#moment++)
      try {
        const accepting = time.within(node.name, () => node.engine.accept(this.#source, [event]))
        const [fate] = await Promise.race([accepting, node.died.promise])
        if (!fate) throw new Error('there was no fate')
        this.accepted.set(n, fate.eventId)
        this.acceptedAt.set(n, this.#moment++)
        this.schedule.note(`${n} is accepted`)
      } catch {
        await pause(150)
      }
    }
  }

  async #kill(node: RunningNode): Promise<void> {
    if (!this.#nodes.includes(node)) return
    this.schedule.note(`kill ${node.name}`)
    this.schedule.faults++
    this.#nodes.splice(this.#nodes.indexOf(node), 1)
    await this.schedule.kill(node.name)
    node.died.reject(new Error('killed'))
    this.#start(node.key)
  }

  #freeze(): void {
    const node = this.schedule.random.pick(this.#nodes)
    this.schedule.note(`freeze ${node.name}`)
    this.schedule.faults++
    this.schedule.freeze(node.name)
    time.later(() => this.schedule.thaw(node.name), this.schedule.random.between(500, 4_000))
  }

  /** Whatever state it is in. */
  async abandon(): Promise<void> {
    for (const { name } of this.#nodes) await this.schedule.kill(name)
  }

  async #stop(): Promise<void> {
    let running = this.#nodes.length
    for (const { name, engine } of this.#nodes)
      time.within(name, () => void engine.stop(1_000).finally(() => running--))
    await this.schedule.runUntil(() => running === 0)
    await this.abandon()
  }
}
