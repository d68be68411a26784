import type { AddressPolicy } from '../core/address.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Inspector } from './inspector.ts'

/** One event on its way to one integration. */
export interface Delivery {
  readonly deliveryId: string
  readonly integrationId: number
  readonly event: StoredEvent
  /** Counting from 1. */
  readonly attempt: number
  readonly replayId: string | null
  /** Asked when a connection is there and nothing has gone out: it may have taken long, or the process stood still. */
  readonly mayGo?: () => boolean
}

/**
 * Where an integration delivers. `deliver` never rejects: whatever happens is an outcome, one per delivery and in
 * order, each of which joins the engine's outcome transaction. A target that takes one at a time says `batch: 1`.
 * `close` lets what is in flight end, then frees everything; what is given to a closed target comes back `aborted`.
 */
export interface Target {
  readonly batch: number
  deliver(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]>
  /** Asks whether the target is well, without a delivery; only where the integration says how. */
  readonly probe?: ((signal: AbortSignal) => Promise<Outcome>) | undefined
  close(): Promise<void>
}

/** A target that can also show what went out, for a person who tries it. */
export interface ObservableTarget extends Target {
  exchange(delivery: Delivery, signal: AbortSignal): Promise<Exchange>
}

export interface Exchange {
  /** Null: it did not come to a request. */
  readonly request: ShownRequest | null
  readonly outcome: Outcome
}

/** A request without its body, and without the credentials that it carried. */
export interface ShownRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** What targets need of everything else. */
export interface TargetDeps {
  readonly addresses: AddressPolicy
  readonly inspector: Inspector
  /** The hub's version, for `user-agent`. */
  readonly version: string
  readonly now: () => Date
}
