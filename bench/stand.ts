import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { countCost, type Cost } from './cost.ts'
import type { LoadHandlers } from './load/main.ts'
import type { LoadPlan, LoadReport } from './load/plan.ts'
import type { SinkHandlers, SinkReport } from './sink/main.ts'
import type { Endpoint, Subject, SubjectKind } from './subjects/subject.ts'
import { verifyArrivals, verifyKept } from './verify.ts'
import { Worker } from './worker.ts'

/** Longer than a retry waits after a first failure. */
const stallTimeoutMs = 30_000
const pollMs = 25

/** What a scenario asks for; the rest of the plan is the stand's. */
export type LoadWish = Omit<LoadPlan, keyof Endpoint | 'firstNumber'>

/** A load and what came of it, from the first request until the last outcome was on disk. */
export interface Run extends Cost {
  readonly load: LoadReport
  /** Null: nothing was to be delivered. */
  readonly sink: SinkReport | null
}

export type DeliveredRun = Run & { readonly sink: SinkReport }

/** A subject with everything around it: a load generator and a sink, each in a process of its own. */
export class Stand<Started extends Subject = Subject> {
  readonly name: string
  readonly subject: Started
  readonly sinkUrl: string
  readonly #load: Worker<LoadHandlers>
  readonly #sink: Worker<SinkHandlers>
  #nextNumber = 1

  private constructor(
    name: string,
    subject: Started,
    sinkUrl: string,
    load: Worker<LoadHandlers>,
    sink: Worker<SinkHandlers>,
  ) {
    this.name = name
    this.subject = subject
    this.sinkUrl = sinkUrl
    this.#load = load
    this.#sink = sink
  }

  static async start<Started extends Subject>(
    kind: SubjectKind<Started>,
    nodeArguments: readonly string[] = [],
  ): Promise<Stand<Started>> {
    const sink = new Worker<SinkHandlers>(path.join(import.meta.dirname, 'sink/main.ts'))
    const load = new Worker<LoadHandlers>(path.join(import.meta.dirname, 'load/main.ts'))
    try {
      const sinkUrl = `http://127.0.0.1:${await sink.ask('port')}/`
      const subject = await kind.start({ sinkUrl, nodeArguments })
      return new Stand(kind.name, subject, sinkUrl, load, sink)
    } catch (error) {
      await Promise.all([sink.stop(), load.stop()])
      throw error
    }
  }

  /** Everything accepted arrives at the sink, and its outcome on disk, else this fails. */
  async deliver(wish: LoadWish, to = this.subject.deliver): Promise<DeliveredRun> {
    const run = await this.arrive(wish, to)
    await this.settle()
    return { ...run, ...run.spent() }
  }

  /** Everything accepted arrives at the sink, while other deliveries may wait. */
  async arrive(
    wish: LoadWish,
    to = this.subject.deliver,
  ): Promise<Omit<DeliveredRun, keyof Cost> & { readonly spent: () => Cost }> {
    await this.#sink.ask('expect', { firstNumber: this.#nextNumber })
    const spent = this.#countCost()
    const load = await this.#run(to, wish)
    return { load, sink: await this.#untilArrived(load), spent }
  }

  /** Accepts so many, in large batches, for a target that does not take them now. */
  async pile(to: Endpoint, events: number): Promise<LoadReport> {
    const body = { kind: 'cloudevents', payloadBytes: 1_024, eventsPerCall: 500 } as const
    const wish = { body, connections: 4, durationMs: Infinity, ratePerSecond: null, events }
    const load = await this.#run(to, wish)
    if (load.accepted === load.latenciesUs.length) return load
    throw new Error(`${this.name}: of ${load.latenciesUs.length} events ${load.accepted} were accepted`)
  }

  /** Whether the sink takes what is sent to `/gate`. */
  async gate(isOpen: boolean): Promise<void> {
    await this.#sink.ask('gate', { isOpen })
  }

  /** All that was piled up arrives once it is let go, else this fails. */
  async release(load: LoadReport, letGo: () => Promise<void>): Promise<DeliveredRun> {
    await this.#sink.ask('expect', { firstNumber: load.nextNumber - load.latenciesUs.length })
    const spent = this.#countCost()
    await letGo()
    const sink = await this.#untilArrived(load)
    await this.settle()
    return { load, sink, ...spent() }
  }

  /** Resolves when no delivery is owed any more. */
  async settle(): Promise<void> {
    await this.#whileItMoves(async () => ({
      left: await this.subject.owed(),
      what: 'deliveries are still owed',
    }))
  }

  /** Only accepted: everything that was is in the store, else this fails. */
  async keep(wish: LoadWish): Promise<Run> {
    const { keep } = this.subject
    if (!keep) throw new Error(`${this.name} does not keep what nobody wants`)
    const sinceMs = Date.now()
    const spent = this.#countCost()
    const load = await this.#run(keep.endpoint, wish)
    const cost = spent()
    verifyKept(load, await keep.countSince(sinceMs))
    return { load, sink: null, ...cost }
  }

  async stop(): Promise<void> {
    await this.subject.stop()
    await Promise.all([this.#load.stop(), this.#sink.stop()])
  }

  async #run(endpoint: Endpoint, wish: LoadWish): Promise<LoadReport> {
    const contentType = wish.body.kind === 'plain' ? {} : { 'content-type': contentTypes[wish.body.kind] }
    const headers = { ...endpoint.headers, ...contentType }
    const plan = { ...wish, ...endpoint, headers, firstNumber: this.#nextNumber }
    const report = await this.#load.ask('run', plan)
    this.#nextNumber = report.nextNumber
    return report
  }

  async #untilArrived(load: LoadReport): Promise<SinkReport> {
    await this.#whileItMoves(async () => {
      const arrived = await this.#sink.ask('count')
      return { left: load.accepted - arrived, what: `of ${load.accepted} accepted events have not arrived` }
    })
    const sink = await this.#sink.ask('report')
    verifyArrivals(load, sink)
    return sink
  }

  #countCost(): () => Cost {
    return countCost({
      subject: [this.subject.pid, ...(this.subject.morePids ?? [])],
      store: this.subject.store.pid,
      broker: this.subject.brokerGroup ?? null,
      load: this.#load.pid,
      sink: this.#sink.pid,
    })
  }

  async #whileItMoves(look: () => Promise<{ readonly left: number; readonly what: string }>): Promise<void> {
    let least = Infinity
    let movedMs = performance.now()
    for (;;) {
      const { left, what } = await look()
      if (left <= 0) return
      if (left < least) movedMs = performance.now()
      least = Math.min(least, left)
      if (performance.now() - movedMs > stallTimeoutMs)
        throw new Error(`${this.name}: nothing moves any more, and ${left} ${what}`)
      await sleep(pollMs)
    }
  }
}

const contentTypes = { cloudevents: 'application/cloudevents-batch+json' }
