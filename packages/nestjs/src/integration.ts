import {
  createOutbox,
  type Outbox,
  type Stats,
  type UndeclaredEvents,
  type UndeclaredTransaction,
} from '@integration-hub/outbox'
import { Logger } from '@nestjs/common'
import { HandlerMeter } from './handler-meter.ts'
import { type IntegrationModuleOptions, type SplitOptions, splitOptions } from './options.ts'
import { withHost } from './transaction-host.ts'

/** What the services of the module stand on: one outbox, and what belongs to it in this application. */
export class Integration<Events extends UndeclaredEvents = UndeclaredEvents, Tx = UndeclaredTransaction> {
  readonly options: SplitOptions<Events, Tx>
  readonly outbox: Outbox<Events, Tx>
  readonly meter = new HandlerMeter()
  isStarted = false
  private stats: { readonly reading: Promise<Stats>; readonly atMs: number } | null = null

  constructor(given: IntegrationModuleOptions<Events, Tx>) {
    this.options = splitOptions(given)
    const { outbox, transactionHost, transactionOptions } = this.options
    const logger = outbox.logger ?? new Logger('Integration')
    // What is no database is for the outbox to complain about.
    const db =
      transactionHost && typeof outbox.db === 'object'
        ? withHost(outbox.db, transactionHost, transactionOptions)
        : outbox.db
    this.outbox = createOutbox({ ...outbox, db, logger })
  }

  /** The transaction to take part in: the one that was handed over, else the one that is open around the caller. */
  transaction(given: Tx | undefined): { readonly tx?: Tx } {
    const { transactionHost } = this.options
    if (given !== undefined) return { tx: given }
    return transactionHost?.isTransactionActive() === true ? { tx: transactionHost.tx } : {}
  }

  async start(): Promise<void> {
    await this.outbox.start()
    this.isStarted = true
  }

  async stop(): Promise<void> {
    this.isStarted = false
    await this.outbox.stop()
  }

  /** Counted at most so often, because counting reads the tables. */
  readStats(maxAgeMs: number): Promise<Stats> {
    const nowMs = performance.now()
    if (this.stats && nowMs - this.stats.atMs <= maxAgeMs) return this.stats.reading
    const reading = this.outbox.stats()
    this.stats = { reading, atMs: nowMs }
    reading.catch(() => (this.stats = null))
    return reading
  }
}
