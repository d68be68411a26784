import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Auditor, Place } from '../../support/auditor.ts'
import { Random } from '../../support/random.ts'
import { Sender, type Caller } from '../../support/sender.ts'
import { routes, type SourceKeys, type SourceName } from './world.ts'

const usualWorkers = 24
/** No more than this, so that what comes after an outage is no flood. */
const catchUpMs = 10_000
const holdMs = 100
const subjectsPerWorker = 3
const batchShare = 0.1
const contentTypes = [
  'application/json',
  'text/plain; charset=utf-8',
  'application/octet-stream',
  undefined,
] as const

interface LoadOptions {
  readonly api: { as(key: string): Caller }
  readonly keys: SourceKeys
  readonly auditor: Pick<Auditor, 'accepted'>
  readonly eventsPerSecond: number
  readonly seed: number
  /** More of them keep the rate while some wait for a node that hangs. */
  readonly workers?: number
  /** How long one waits for an answer before it asks again. */
  readonly timeoutMs?: number
  /** False while there is enough to do: a machine that is slow is not to be flooded. */
  readonly mayGoOn?: () => boolean
}

interface NewEvent {
  readonly id: string
  readonly subject: string
  readonly body: Buffer
  readonly contentType: string | undefined
}

/** Senders that go on through every crash. Each has subjects of its own, so that it knows the order in which they went. */
export class Load {
  readonly #options: LoadOptions
  readonly #senders: Readonly<Record<SourceName, Sender>>
  readonly #placed = new Map<string, number>()
  #running = false
  #lastId = 0
  #finished: Promise<unknown> = Promise.resolve()

  constructor(options: LoadOptions) {
    this.#options = options
    const { api, keys } = options
    this.#senders = {
      orders: new Sender(api.as(keys.orders)),
      tickets: new Sender(api.as(keys.tickets)),
      passes: new Sender(api.as(keys.passes)),
    }
  }

  start(round: number): void {
    const { seed, workers = usualWorkers } = this.#options
    this.#running = true
    const work = Array.from({ length: workers }, (_, worker) =>
      this.#work(worker, new Random(seed + round * workers + worker)),
    )
    this.#finished = Promise.all(work)
    // Whoever stops the load learns of it.
    this.#finished.catch(() => undefined)
  }

  /** Begins nothing new; resolves when all that was begun is accepted. */
  async stop(): Promise<void> {
    this.#running = false
    await this.#finished
  }

  /** How often each answer came. */
  get answers(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>()
    for (const { answers } of Object.values(this.#senders))
      for (const [name, count] of answers) sums.set(name, (sums.get(name) ?? 0) + count)
    return sums
  }

  async #work(worker: number, random: Random): Promise<void> {
    const { workers = usualWorkers, eventsPerSecond, mayGoOn = () => true } = this.#options
    const pauseMs = (workers / eventsPerSecond) * 1_000
    let dueMs = performance.now()
    while (this.#running) {
      const source = random.pick<SourceName>(['orders', 'orders', 'tickets', 'tickets', 'passes'])
      const count = random.chance(batchShare) ? random.between(2, 8) : 1
      const events = Array.from({ length: count }, () => this.#newEvent(worker, random))
      await this.#send(source, events)
      // What the hub was late with is caught up with, so that the rate holds over what stands still for a while.
      dueMs = Math.max(dueMs + 2 * pauseMs * count * random.next(), performance.now() - catchUpMs)
      await sleep(Math.max(0, dueMs - performance.now()))
      while (this.#running && !mayGoOn()) await sleep(holdMs)
    }
  }

  #newEvent(worker: number, random: Random): NewEvent {
    const contentType = random.pick<string | undefined>(contentTypes)
    return {
      id: `event-${++this.#lastId}`,
      subject: `subject-${worker}-${random.between(1, subjectsPerWorker)}`,
      body: random.bytes(random.chance(0.05) ? random.between(10_000, 100_000) : random.between(0, 2_000)),
      contentType,
    }
  }

  async #send(source: SourceName, events: readonly NewEvent[]): Promise<void> {
    const [first] = events
    if (events.length === 1 && first) return this.#sendOne(source, first)
    const answer = await this.#senders[source].send('/v1/events', {
      ...this.#patience,
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify(events.map((event) => structured(source, event))),
    })
    for (const [index, event] of events.entries())
      this.#accepted(source, answer.events[index].eventId, {
        ...event,
        // What a structured event does not say is JSON.
        contentType: event.contentType ?? 'application/json',
      })
  }

  async #sendOne(source: SourceName, event: NewEvent): Promise<void> {
    const answer = await this.#senders[source].send('/v1/events', {
      ...this.#patience,
      headers: binaryHeaders(source, event),
      body: event.body,
    })
    this.#accepted(source, answer.eventId, event)
  }

  get #patience(): { readonly timeoutMs?: number } {
    const { timeoutMs } = this.#options
    return timeoutMs === undefined ? {} : { timeoutMs }
  }

  #accepted(source: SourceName, eventId: string, { subject, body, contentType }: NewEvent): void {
    this.#options.auditor.accepted({
      eventId,
      sha256: createHash('sha256').update(body).digest('hex'),
      contentType,
      targets: routes[source],
      place: this.#nextPlace(`${source} ${subject}`),
    })
  }

  #nextPlace(subject: string): Place {
    const number = (this.#placed.get(subject) ?? 0) + 1
    this.#placed.set(subject, number)
    return { subject, number }
  }
}

function binaryHeaders(source: SourceName, event: NewEvent): Record<string, string> {
  return {
    'ce-specversion': '1.0',
    'ce-id': event.id,
    'ce-source': source,
    'ce-type': `${source}.changed`,
    'ce-subject': event.subject,
    'idempotency-key': event.id,
    ...(event.contentType !== undefined && { 'content-type': event.contentType }),
  }
}

function structured(source: SourceName, event: NewEvent): object {
  return {
    specversion: '1.0',
    id: event.id,
    source,
    type: `${source}.changed`,
    subject: event.subject,
    ...(event.contentType !== undefined && { datacontenttype: event.contentType }),
    data_base64: event.body.toString('base64'),
  }
}
