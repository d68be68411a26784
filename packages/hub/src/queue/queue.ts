import type { OwnedDelivery } from '../core/delivery.ts'

export interface LaneRef {
  readonly integrationId: number
  readonly ordering: 'none' | 'subject'
}

/** What waits for a lane that no node holds. */
export interface Waiting {
  readonly integrationId: number
  readonly hasFresh: boolean
  readonly nextDue: Date | null
}

/**
 * How ready work reaches a node. `fresh` is what was never tried, in order of acceptance; `timed` is what had to wait
 * for a time and is due, oldest due first. Whoever claims owns it under the epoch until its outcome is committed.
 */
export interface ReadyQueue {
  claim(
    lane: LaneRef,
    kind: 'fresh' | 'timed',
    epoch: number,
    limit: number,
  ): Promise<readonly OwnedDelivery[]>
  /** When the next timed one of a lane is due. */
  nextDue(lane: LaneRef): Promise<Date | null>
  waiting(lanes: readonly LaneRef[]): Promise<readonly Waiting[]>
  /** Deliveries of this lane were freed, the earliest of them with this seq. */
  freed(integrationId: number, lowestSeq: number): void
  /** Deliveries may have appeared anywhere: a node joined or died. */
  lookAgain(): void
}
