import type { OwnedDelivery } from '../core/delivery.ts'

export interface LaneRef {
  readonly integrationId: number
  readonly ordering: 'none' | 'subject'
}

export interface FreshClaim {
  readonly rows: readonly OwnedDelivery[]
  /** Whether there is nothing more of it now. */
  readonly isLast: boolean
}

export interface TimedClaim {
  readonly rows: readonly OwnedDelivery[]
  /** In how many milliseconds, by the queue's own clock, the next one is due; null: there is none. */
  readonly nextDueInMs: number | null
}

/** What waits for a lane that no node holds. */
export interface Waiting {
  readonly integrationId: number
  readonly hasFresh: boolean
  readonly nextDueInMs: number | null
}

/**
 * How ready work reaches a node. Whoever claims owns it under the epoch until its outcome is committed; nobody claims
 * under an epoch that has ended. With order, only the earliest unfinished delivery of a subject may be claimed.
 */
export interface ReadyQueue {
  /** What was never tried, in order of acceptance. It may return less than there is and say so. */
  claimFresh(lane: LaneRef, epoch: number, limit: number): Promise<FreshClaim>
  /** What had to wait for a time and is due, oldest due first. */
  claimTimed(lane: LaneRef, epoch: number, limit: number): Promise<TimedClaim>
  waiting(lanes: readonly LaneRef[]): Promise<readonly Waiting[]>
  /** Deliveries of this lane were freed, the earliest of them with this seq. */
  freed(integrationId: number, lowestSeq: number): void
  /** Deliveries may have appeared anywhere: a node joined or died. */
  lookAgain(): void
}
