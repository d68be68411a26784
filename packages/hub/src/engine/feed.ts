import { randomBytes } from 'node:crypto'
import { formatDeliveryId } from '../core/ids.ts'
import type { Settled } from './commit-outcomes.ts'
import type { Happenings, Telemetry } from './telemetry.ts'

/** One thing that happened, for people who watch. */
export interface FeedItem {
  /** Rises within one run of the hub, and tells runs apart. */
  readonly id: string
  readonly type: string
  readonly at: Date
  /** Null: it concerns none in particular. */
  readonly integration: string | null
  readonly data: Readonly<Record<string, unknown>>
}

export type FeedListener = (item: FeedItem) => void

const kept = 2_000
/** So long after the last watcher left, what happens is still kept: for one that reconnects. */
const keepForMs = 60_000

/** What happens, as it happens, with the last of it kept for those who were away for a moment. Costs nothing unwatched. */
export class Feed {
  readonly #run = randomBytes(4).toString('hex')
  readonly #listeners = new Set<FeedListener>()
  readonly #subscriptions: (() => void)[]
  #items: FeedItem[] = []
  #number = 0
  #watchedUntilMs = 0

  constructor(telemetry: Telemetry) {
    this.#subscriptions = [
      telemetry.on('accepted', (event) => this.#add('event.accepted', null, event)),
      telemetry.on('attempt', (attempt) => this.#attempt(attempt)),
      telemetry.on('settled', ({ settled }) => settled.forEach((item) => this.#settled(item))),
      telemetry.on('circuit', (circuit) => this.#circuit(circuit)),
      telemetry.on('replay', ({ integration, ...replay }) =>
        this.#add('replay.advanced', integration, replay),
      ),
      telemetry.on('acted', (act) => this.#add('acted', null, act)),
      telemetry.on('disk', (disk) => this.#add('disk.changed', null, disk)),
    ]
  }

  stop(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe()
    this.#listeners.clear()
  }

  /**
   * Calls the listener with what follows `lastId`, then with all that happens. `gap`: some of it is no longer known.
   * Returns how to stop that.
   */
  watch(
    lastId: string | null,
    listener: FeedListener,
  ): { readonly gap: boolean; readonly leave: () => void } {
    const missed = lastId === null ? [] : this.#after(lastId)
    this.#listeners.add(listener)
    for (const item of missed ?? []) listener(item)
    const leave = (): void => {
      this.#listeners.delete(listener)
      this.#watchedUntilMs = performance.now() + keepForMs
    }
    return { gap: missed === null, leave }
  }

  /** Null: it is not known any more what followed. */
  #after(lastId: string): readonly FeedItem[] | null {
    if (lastId === `${this.#run}-${this.#number}`) return []
    const index = this.#items.findIndex(({ id }) => id === lastId)
    return index < 0 ? null : this.#items.slice(index + 1)
  }

  #attempt({ integration, delivery, outcome, verdict }: Happenings['attempt']): void {
    if (outcome.result === 'delivered') return
    if (!this.#isWatched()) return this.#pass()
    this.#add('delivery.failed', integration, {
      deliveryId: formatDeliveryId(delivery),
      eventId: delivery.eventId,
      attempt: delivery.attempts + 1,
      httpStatus: outcome.httpStatus,
      errorClass: outcome.errorClass,
      error: outcome.error,
      nextAttemptAt: verdict.next === 'retry' ? new Date(Date.now() + verdict.inMs) : null,
    })
  }

  #settled({ integration, work, outcome, verdict, mine }: Settled): void {
    if (!mine || verdict.next !== 'end') return
    if (!this.#isWatched()) return this.#pass()
    const { delivery, event } = work
    this.#add(`delivery.${verdict.ended}`, integration, {
      deliveryId: formatDeliveryId(delivery),
      eventId: delivery.eventId,
      eventType: event?.type ?? null,
      attempt: delivery.attempts + 1,
      httpStatus: outcome.httpStatus,
      errorClass: outcome.errorClass,
      error: outcome.error,
    })
  }

  #circuit({ integration, before, after }: Happenings['circuit']): void {
    if (before.phase === after.phase) return
    const { phase, forced, reason, probeAtMs } = after
    const nextProbeAt = probeAtMs === null ? null : new Date(probeAtMs)
    this.#add('circuit.changed', integration, { state: phase, forced, reason, nextProbeAt })
  }

  #isWatched(): boolean {
    return this.#listeners.size > 0 || performance.now() < this.#watchedUntilMs
  }

  /** Nobody sees it, but who comes back must learn that there was something. */
  #pass(): void {
    this.#number++
    if (this.#items.length > 0) this.#items = []
  }

  #add(type: string, integration: string | null, data: Readonly<Record<string, unknown>>): void {
    if (!this.#isWatched()) return this.#pass()
    const item: FeedItem = { id: `${this.#run}-${++this.#number}`, type, at: new Date(), integration, data }
    this.#items.push(item)
    if (this.#items.length > 2 * kept) this.#items = this.#items.slice(-kept)
    for (const listener of this.#listeners) listener(item)
  }
}
