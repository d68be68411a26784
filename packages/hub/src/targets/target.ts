import type { StoredEvent } from '../core/event.ts'
import type { Outcome } from '../core/outcome.ts'

/** One event on its way to one integration. */
export interface Delivery {
  readonly deliveryId: string
  readonly integrationId: number
  readonly event: StoredEvent
  /** Counting from 1. */
  readonly attempt: number
  readonly replayId: string | null
}

/**
 * Where an integration delivers. `deliver` never rejects: whatever happens is an outcome, one per delivery and in
 * order, each of which joins the engine's outcome transaction. A target that takes one at a time says `batch: 1`.
 */
export interface Target {
  readonly batch: number
  deliver(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]>
  close(): Promise<void>
}
