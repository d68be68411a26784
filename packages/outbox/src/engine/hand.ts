import type { DomainEvent } from '../core/event.ts'
import type { ClaimedRow } from '../store/claim.ts'
import { toEvent } from '../store/events.ts'
import type { Registered } from './registry.ts'

/** A row that this process has claimed and not yet marked. */
export interface HandRow<Tx> {
  readonly eventSeq: number
  readonly consumerId: number
  readonly token: string
  readonly earlierAttempts: number
  readonly event: DomainEvent
  readonly subscription: Registered<Tx>
  readonly abort: AbortController
  status: 'ready' | 'running'
  /** When it was claimed or, once it runs, started. */
  sinceMs: number
  /** It runs in a transaction of its own: it has failed or been interrupted before, or shared one that failed. */
  isAlone: boolean
}

/**
 * A consumer of lower priority waits for those above it, but for each step of theirs no longer than this: a hanging
 * handler must not hold the others.
 */
const patienceMs = 2_000

/** What this process has claimed, in the order in which it should run. */
export class Hand<Tx> {
  private rows: HandRow<Tx>[] = []

  add(rows: readonly HandRow<Tx>[]): void {
    this.rows.push(...rows)
  }

  remove(rows: readonly HandRow<Tx>[]): void {
    const gone = new Set(rows)
    this.rows = this.rows.filter((row) => !gone.has(row))
  }

  get size(): number {
    return this.rows.length
  }

  count(consumerId: number): number {
    return this.rows.reduce((count, row) => (row.consumerId === consumerId ? count + 1 : count), 0)
  }

  all(): readonly HandRow<Tx>[] {
    return this.rows
  }

  ready(): HandRow<Tx>[] {
    return this.rows.filter((row) => row.status === 'ready')
  }

  /**
   * What may start next: one row, or several of one consumer that can share a transaction. `mayRun` tells whether the
   * consumer may run one more.
   */
  next(nowMs: number, mayRun: (row: HandRow<Tx>) => boolean): HandRow<Tx>[] {
    const byEvent = this.unsettledByEvent()
    const isStartable = (row: HandRow<Tx>) =>
      row.status === 'ready' &&
      !(byEvent.get(row.eventSeq) ?? []).some((other) => goesBefore(other, row, nowMs))
    const first = this.rows.find((row) => isStartable(row) && mayRun(row))
    if (!first) return []
    if (!canShare(first)) return [first]
    return this.rows.filter((row) => row.consumerId === first.consumerId && canShare(row) && isStartable(row))
  }

  private unsettledByEvent(): Map<number, HandRow<Tx>[]> {
    const byEvent = new Map<number, HandRow<Tx>[]>()
    for (const row of this.rows) {
      const same = byEvent.get(row.eventSeq)
      if (same) same.push(row)
      else byEvent.set(row.eventSeq, [row])
    }
    return byEvent
  }
}

export function toHandRow<Tx>(
  row: ClaimedRow,
  token: string,
  subscription: Registered<Tx>,
  nowMs: number,
): HandRow<Tx> {
  return {
    eventSeq: row.eventSeq,
    consumerId: row.consumerId,
    token,
    earlierAttempts: row.attempts,
    event: toEvent(row),
    subscription,
    abort: new AbortController(),
    status: 'ready',
    sinceMs: nowMs,
    isAlone: row.attempts > 0 || row.interruptions > 0,
  }
}

function goesBefore<Tx>(other: HandRow<Tx>, row: HandRow<Tx>, nowMs: number): boolean {
  return other.subscription.priority > row.subscription.priority && nowMs - other.sinceMs < patienceMs
}

function canShare<Tx>(row: HandRow<Tx>): boolean {
  return row.subscription.mode === 'transaction' && !row.subscription.ownTransaction && !row.isAlone
}
