import type { IncomingEvent } from '../../packages/hub/src/core/event.ts'
import type { Fate } from '../../packages/hub/src/engine/commit-events.ts'
import type { Source } from '../../packages/hub/src/core/catalog.ts'
import type { Outcome } from '../../packages/hub/src/core/outcome.ts'
import { sampleOutcome } from '../../packages/hub/src/core/outcome-testing.ts'
import type { CatalogIndex } from '../../packages/hub/src/engine/live-catalog.ts'
import type { Delivery } from '../../packages/hub/src/targets/target.ts'
import { askAt, People } from './people.ts'
import { Replaying } from './replaying.ts'
import type { Postgres } from './postgres.ts'
import { eventOf, faultsForMs, isPoison, numberOf, type IntegrationName } from './scenario.ts'
import { Schedule } from './schedule.ts'
import { SimulatedCatalog } from './simulated-catalog.ts'
import { createNode, type SimulatedNode } from './simulated-node.ts'
import { after, startMs, time } from './virtual-time.ts'

/** One request that reached a target. */
export interface Arrival {
  readonly integration: IntegrationName
  readonly node: string
  readonly n: number
  readonly subject: string | null
  readonly atMs: number
  readonly isTaken: boolean
  /** Of what it is a part. */
  readonly replay: string | null
  /** By what happens one after the other. */
  readonly moment: number
  /** Of its integration, what flew from this node. */
  readonly beside: readonly Arrival[]
}

interface RunningNode extends SimulatedNode {
  readonly name: string
  readonly key: string
  readonly died: Promise<never>
  readonly kill: () => void
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
  /** Not before this time, where their senders said so. */
  readonly deliverAt = new Map<number, number>()
  readonly events: number
  readonly restarts: number[] = []
  /** What goes to `sick` before then is refused as by one that is down. */
  readonly sickUntilMs: number
  readonly people: People
  readonly replaying: Replaying
  readonly #url: string
  readonly #catalog: SimulatedCatalog
  readonly #source: Source
  readonly #nodes: RunningNode[] = []
  readonly #flying: Arrival[] = []
  #names = 0
  #moment = 0
  /** What people wait for. */
  #asking = 0

  constructor(seed: number, url: string, catalog: CatalogIndex, postgres: Postgres) {
    this.schedule = new Schedule(seed, postgres)
    this.#url = url
    this.#catalog = new SimulatedCatalog(catalog)
    const [source] = catalog.catalog.sources
    if (!source) throw new Error('the catalog has no source')
    this.#source = source
    this.events = this.schedule.random.between(6, 20)
    this.sickUntilMs = startMs + this.schedule.random.between(0, 6_000)
    const people = {
      ...{ schedule: this.schedule, postgres, catalog: this.#catalog, accepted: this.accepted },
      desks: () => this.#nodes.filter(({ isOpen }) => isOpen),
      nextMoment: () => this.#moment++,
      meanwhile: <T>(asking: Promise<T>): Promise<T> => {
        this.#asking++
        return asking.finally(() => this.#asking--)
      },
    }
    this.people = new People(people)
    this.replaying = new Replaying(people)
  }

  /** How many requests an integration takes from a node at once. */
  mostOf(integration: IntegrationName): number {
    return this.#catalog.named(integration).spec.concurrency
  }

  /** To its end: all that was accepted has ended, and every node has stopped. */
  async run(isEmpty: () => Promise<boolean>): Promise<void> {
    const { schedule } = this
    const { random, weather } = schedule
    for (let index = 0; index < weather.nodes; index++) this.#start(`node-${index}`)
    for (let n = 1; n <= this.events;) {
      const first = n
      n = Math.min(this.events + 1, n + random.pick([1, 1, 1, 2, 5]))
      const numbers = Array.from({ length: n - first }, (_, index) => first + index)
      time.later(() => void this.#send(numbers), random.between(1, 5_000))
    }
    schedule.atMoments(weather.kills, [500, faultsForMs], () =>
      schedule.intervene(() => this.#kill(random.pick(this.#nodes))),
    )
    schedule.atMoments(
      weather.restarts,
      [500, faultsForMs],
      () => void this.#restart(random.pick(this.#nodes)),
    )
    schedule.atMoments(weather.freezes, [500, 4_000], () => this.#freeze())
    this.people.begin()
    this.replaying.begin()
    time.later(() => (schedule.isCalm = true), faultsForMs)
    await schedule.runUntil(async () => {
      const isAnswered = this.accepted.size === this.events && this.#asking === 0
      return schedule.isCalm && isAnswered && schedule.steps % 20 === 0 && (await isEmpty())
    })
    await this.#stop()
  }

  #start(key: string): void {
    const name = `${key}.${++this.#names}`
    this.restarts.push(time.nowMs)
    time.within(name, () => {
      const made = createNode({
        ...{ name, key, url: this.#url, catalog: this.#catalog, schedule: this.schedule },
        settings: { leaseMs: 1_500, renewEveryMs: 300 },
        deliver: (integration, delivery) => this.#arrive(integration as IntegrationName, name, delivery),
      })
      const { promise: died, reject } = Promise.withResolvers<never>()
      died.catch(() => undefined)
      const kill = (): void => reject(new Error('killed'))
      const node = { ...made, name, key, died, kill, isOpen: false }
      this.#nodes.push(node)
      node.engine.start().then(
        () => this.#open(node),
        // A process that cannot start ends, and is started again.
        () => this.schedule.intervene(() => this.#kill(node)),
      )
    })
  }

  #open(node: RunningNode): void {
    node.isOpen = true
    node.replays.start()
  }

  async #arrive(integration: IntegrationName, node: string, delivery: Delivery): Promise<Outcome> {
    const { random } = this.schedule
    const n = numberOf(delivery)
    const outcome = this.#answerOf(integration, n)
    const isTaken = outcome.result === 'delivered'
    const { subject } = delivery.event
    const arrival: Arrival = {
      ...{ integration, node, n, subject, isTaken, replay: delivery.replayId },
      atMs: time.nowMs,
      moment: this.#moment++,
      beside: this.#flying.filter((one) => one.integration === integration && one.node === node),
    }
    this.arrivals.push(arrival)
    this.#flying.push(arrival)
    this.schedule.note(`${node} → ${integration} ${n}: ${outcome.httpStatus}`)
    const startedAt = new Date()
    const durationMs = random.chance(0.05) ? random.between(500, 2_500) : random.between(1, 40)
    await after(durationMs)
    this.#flying.splice(this.#flying.indexOf(arrival), 1)
    return { ...outcome, startedAt, durationMs }
  }

  #answerOf(integration: IntegrationName, n: number): Outcome {
    const { random } = this.schedule
    const fine = sampleOutcome({ result: 'delivered', httpStatus: 200, errorClass: null, error: null })
    if (integration === 'sick') {
      if (time.nowMs < this.sickUntilMs) return sampleOutcome({ httpStatus: 503 })
      return isPoison(n) ? sampleOutcome({ httpStatus: 500 }) : fine
    }
    if (integration === 'limited') return fine
    return random.chance(0.2) ? sampleOutcome({ httpStatus: random.pick([500, 503]) }) : fine
  }

  /** In one request, as a client does that has idempotency keys: until it is answered. */
  async #send(numbers: readonly number[]): Promise<void> {
    const { random } = this.schedule
    const events = numbers.map((n) => this.#createEvent(n))
    for (;;) {
      const node = random.pick(this.#nodes)
      if (!node.isOpen) {
        await after(50)
        continue
      }
      for (const n of numbers) if (!this.sentAt.has(n)) this.sentAt.set(n, this.#moment++)
      try {
        return this.#accepted(numbers, await askAt(node, () => node.engine.accept(this.#source, events)))
      } catch {
        await after(150)
      }
    }
  }

  #createEvent(n: number): IncomingEvent {
    const { random } = this.schedule
    const deliverAt = random.chance(0.2) ? new Date(time.nowMs + random.between(50, 3_000)) : null
    if (deliverAt) this.deliverAt.set(n, deliverAt.getTime())
    return eventOf(n, `subject-${n % 3}`, deliverAt)
  }

  #accepted(numbers: readonly number[], fates: readonly Fate[]): void {
    for (const [index, n] of numbers.entries()) {
      const fate = fates[index]
      if (!fate) throw new Error(`there was no fate of ${n}`)
      this.accepted.set(n, fate.eventId)
      this.acceptedAt.set(n, this.#moment++)
      this.schedule.note(`${n} is accepted`)
    }
  }

  async #kill(node: RunningNode): Promise<void> {
    if (!this.#nodes.includes(node)) return
    this.schedule.note(`kill ${node.name}`)
    this.schedule.faults++
    this.#nodes.splice(this.#nodes.indexOf(node), 1)
    await this.schedule.kill(node.name)
    this.#catalog.forget(node.name)
    node.kill()
    this.#start(node.key)
  }

  /** As one does that is told to stop. */
  async #restart(node: RunningNode): Promise<void> {
    if (!node.isOpen) return
    this.schedule.note(`restart ${node.name}`)
    node.isOpen = false
    await Promise.race([this.#stopNode(node), node.died]).catch(() => undefined)
    this.schedule.intervene(() => this.#kill(node))
  }

  async #stopNode({ name, engine, replays }: RunningNode): Promise<void> {
    await time.within(name, () => replays.stop())
    await time.within(name, () => engine.stop(1_000))
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
    for (const node of this.#nodes) void this.#stopNode(node).finally(() => running--)
    await this.schedule.runUntil(() => running === 0)
    await this.abandon()
  }
}
