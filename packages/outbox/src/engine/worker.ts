import { randomUUID } from 'node:crypto'
import { claim, type ClaimedRow, type Lane, type Offer } from '../store/claim.ts'
import type { Enrolment, HandledLane } from './enrolment.ts'
import { Hand, type HandRow, toHandRow } from './hand.ts'
import { releasedMark } from './row-mark.ts'
import { runInTransaction } from './run-in-transaction.ts'
import { runWithLease } from './run-with-lease.ts'
import type { Slots } from './slots.ts'
import type { Tools } from './tools.ts'

/** How long nothing is started after the database could not be asked to begin a transaction. */
const pauseMs = 1_000

export interface WorkerOptions<Tx> {
  readonly tools: Tools<Tx>
  readonly enrolment: Enrolment<Tx>
  readonly slots: Slots
  /** Called when rows have ended, so that there may be room or more to claim. */
  readonly onSettled: () => void
  readonly onTrouble: (error: unknown) => void
}

export interface WorkOffer<Tx> {
  readonly offer: Offer | null
  readonly handled: readonly HandledLane<Tx>[]
  /** Some consumer has no room. */
  readonly isCramped: boolean
}

interface Claimed {
  readonly claimed: number
  /** More may be due: the limit was reached, or a consumer had no room. */
  readonly hasMore: boolean
}

/** Claims rows and runs their handlers, each consumer at its own pace. */
export class Worker<Tx> {
  private readonly options: WorkerOptions<Tx>
  private readonly hand = new Hand<Tx>()
  private readonly running = new Map<number, number>()
  private readonly stopListening: () => void
  private isReleasing = false
  private pausedUntilMs = 0
  private idleListeners: (() => void)[] = []

  constructor(options: WorkerOptions<Tx>) {
    this.options = options
    this.stopListening = options.slots.onFree(() => this.dispatch())
  }

  /**
   * What this worker would take now. A consumer that has some already gets more only up to `window`, and only when that
   * makes at least `least`: one row at a time would be one statement per row.
   */
  offer(window: number, least: number): WorkOffer<Tx> {
    const { tools, enrolment } = this.options
    const roomOf = (consumerId: number) => window - this.hand.count(consumerId)
    const all = enrolment.lanes()
    const handled = all.filter(({ consumerId }) => roomOf(consumerId) >= least)
    const lanes = handled.map((lane) => toLane(lane, roomOf(lane.consumerId)))
    return {
      handled,
      isCramped: handled.length < all.length,
      offer:
        tools.instance.id === null || lanes.length === 0
          ? null
          : { instanceId: tools.instance.id, token: randomUUID(), lanes },
    }
  }

  /** Claims up to `limit` rows of what is offered. */
  async claim(limit: number, { offer, handled, isCramped }: WorkOffer<Tx>): Promise<Claimed> {
    if (!offer) return { claimed: 0, hasMore: isCramped }
    const rows = await claim(this.options.tools.session, offer, limit)
    this.take(rows, offer, handled)
    const isFull = offer.lanes.some(({ consumerId, room }) => count(rows, consumerId) >= room)
    return { claimed: rows.length, hasMore: rows.length === limit || isCramped || isFull }
  }

  /** Takes rows into the hand that were claimed, or handed over, under an offer. */
  take(rows: readonly ClaimedRow[], offer: Offer, handled: readonly HandledLane<Tx>[]): void {
    const nowMs = performance.now()
    const subscriptions = new Map(
      handled.map((lane) => [laneKey(lane.consumerId, lane.eventName), lane.subscription]),
    )
    this.hand.add(
      rows.flatMap((row) => {
        const subscription = subscriptions.get(laneKey(row.consumerId, row.eventName))
        return subscription ? [toHandRow(row, offer.token, subscription, nowMs)] : []
      }),
    )
  }

  /** Starts whatever may start now. */
  dispatch(): void {
    for (;;) {
      const nowMs = performance.now()
      if (this.isReleasing || nowMs < this.pausedUntilMs) return
      const rows = this.hand.next(nowMs, (row) => this.mayRun(row))
      const [first] = rows
      if (!first) return
      const needsSlot = first.subscription.mode === 'transaction'
      if (needsSlot && !this.options.slots.tryTake()) return
      void this.run(rows, first, needsSlot)
    }
  }

  get size(): number {
    return this.hand.size
  }

  /** Resolves when everything that was claimed has ended. */
  async whenIdle(): Promise<void> {
    while (this.hand.size > 0) await new Promise<void>((resolve) => this.idleListeners.push(resolve))
  }

  /** Starts nothing more. */
  hold(): void {
    this.isReleasing = true
  }

  /** Starts nothing more and gives back what has not started. */
  async release(): Promise<void> {
    this.hold()
    await this.giveBack(this.hand.ready())
  }

  /** Asks the running handlers to end. */
  abort(): void {
    for (const row of this.hand.all()) row.abort.abort()
  }

  /** Forgets what others have taken over; what runs is asked to end and will find that it may not be marked. */
  forget(): void {
    this.abort()
    this.settle(this.hand.ready())
  }

  close(): void {
    this.stopListening()
  }

  private mayRun(row: HandRow<Tx>): boolean {
    return (this.running.get(row.consumerId) ?? 0) < row.subscription.concurrency
  }

  private async run(rows: readonly HandRow<Tx>[], first: HandRow<Tx>, needsSlot: boolean): Promise<void> {
    const { consumerId } = first
    this.running.set(consumerId, (this.running.get(consumerId) ?? 0) + 1)
    const nowMs = performance.now()
    for (const row of rows) {
      row.status = 'running'
      row.sinceMs = nowMs
    }
    try {
      await (needsSlot ? this.runTransaction(rows) : this.runLease(first))
    } finally {
      this.running.set(consumerId, (this.running.get(consumerId) ?? 1) - 1)
      if (needsSlot) this.options.slots.giveBack()
      else this.dispatch()
    }
  }

  private async runTransaction(rows: readonly HandRow<Tx>[]): Promise<void> {
    const result = await runInTransaction(rows, this.options.tools)
    if (result.trouble !== undefined) this.pause(result.trouble)
    for (const row of result.again) row.status = 'ready'
    this.settle(result.done)
    const abandoned = result.again.filter((row) => row.abort.signal.aborted)
    if (this.isReleasing || abandoned.length > 0)
      await this.giveBack(this.isReleasing ? result.again : abandoned)
  }

  private async runLease(row: HandRow<Tx>): Promise<void> {
    // A process that was stopped for longer than its lease must not call out for what others have taken over.
    if (!this.options.tools.instance.isSafe()) {
      await this.giveBack([row])
      return
    }
    const { written } = await runWithLease(row, this.options.tools)
    const settled = written.then(() => this.settleAndGoOn(row))
    // The next one may have the same business key, and must see what has become of it.
    if (row.subscription.idempotencyKey) await settled
  }

  /** One of lower priority may have waited for it. */
  private settleAndGoOn(row: HandRow<Tx>): void {
    this.settle([row])
    this.dispatch()
  }

  private async giveBack(rows: readonly HandRow<Tx>[]): Promise<void> {
    const { recorder } = this.options.tools
    await Promise.all(rows.map((row) => recorder.record(releasedMark(row))))
    this.settle(rows)
  }

  private pause(error: unknown): void {
    this.options.onTrouble(error)
    this.pausedUntilMs = performance.now() + pauseMs
    setTimeout(() => this.dispatch(), pauseMs + 1)
  }

  private settle(rows: readonly HandRow<Tx>[]): void {
    if (rows.length === 0) return
    this.hand.remove(rows)
    this.options.onSettled()
    if (this.hand.size > 0) return
    for (const resolve of this.idleListeners.splice(0)) resolve()
  }
}

function toLane<Tx>({ consumerId, eventName, subscription }: HandledLane<Tx>, room: number): Lane {
  return { consumerId, eventName, priority: subscription.priority, room }
}

function laneKey(consumerId: number, eventName: string): string {
  return `${consumerId} ${eventName}`
}

function count(rows: readonly ClaimedRow[], consumerId: number): number {
  return rows.reduce((sum, row) => (row.consumerId === consumerId ? sum + 1 : sum), 0)
}
