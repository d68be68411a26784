import path from 'node:path'
import { latencyFigures } from '../../../bench/figures.ts'
import type { LoadHandlers } from '../../../bench/load/main.ts'
import type { LoadReport } from '../../../bench/load/plan.ts'
import { plainKilobyte, type Figures } from '../../../bench/scenarios/scenario.ts'
import type { SinkHandlers } from '../../../bench/sink/main.ts'
import type { HubProcess } from '../../../bench/subjects/hub-process.ts'
import { connect, openSource } from '../../../bench/subjects/hub.ts'
import { verifyArrivals } from '../../../bench/verify.ts'
import { Worker } from '../../../bench/worker.ts'

const bench = path.resolve(import.meta.dirname, '..', '..', '..', 'bench')

/** Events of one source on their way to one target, with a sender and a receiver in processes of their own. */
export class Lane {
  readonly name: string
  readonly #load: Worker<LoadHandlers>
  readonly sink: Worker<SinkHandlers>
  #report: LoadReport | null = null

  private constructor(name: string, load: Worker<LoadHandlers>, sink: Worker<SinkHandlers>) {
    this.name = name
    this.#load = load
    this.sink = sink
  }

  static start(name: string): Lane {
    return new Lane(
      name,
      new Worker(path.join(bench, 'load', 'main.ts')),
      new Worker(path.join(bench, 'sink', 'main.ts')),
    )
  }

  /** `ratePerSecond` null: as many as are answered. */
  async run(
    hub: HubProcess,
    plan: {
      readonly durationMs: number
      readonly ratePerSecond: number | null
      readonly connections: number
    },
  ): Promise<LoadReport> {
    await connect(hub, this.name, this.name, `http://127.0.0.1:${await this.sink.ask('port')}/`)
    await this.sink.ask('expect', { firstNumber: 1 })
    const endpoint = await openSource(hub, this.name)
    return (this.#report = await this.#load.ask('run', {
      ...plan,
      ...endpoint,
      body: plainKilobyte,
      firstNumber: 1,
    }))
  }

  /** So far. */
  async counts(): Promise<{ readonly accepted: number; readonly arrived: number }> {
    const [accepted, arrived] = await Promise.all([this.#load.ask('accepted'), this.sink.ask('count')])
    return { accepted, arrived }
  }

  /** Throws unless everything that was accepted came, once. */
  async judge(): Promise<{ readonly accept: Figures; readonly deliver: Figures; readonly lastUs: number }> {
    if (!this.#report) throw new Error('nothing was sent')
    const sink = await this.sink.ask('report')
    verifyArrivals(this.#report, sink)
    return {
      accept: latencyFigures(this.#report.latenciesUs),
      deliver: latencyFigures(sink.latenciesUs),
      lastUs: sink.lastUs,
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#load.stop(), this.sink.stop()])
  }
}
