import { isDeepStrictEqual } from 'node:util'
import type { Integration } from '../core/catalog.ts'
import type { Circuit } from '../core/circuit.ts'
import type { OwnedDelivery } from '../core/delivery.ts'
import type { StoredEvent } from '../core/event.ts'
import { formatDeliveryId } from '../core/ids.ts'
import type { Outcome } from '../core/outcome.ts'
import type { SharedSlots } from '../core/slots.ts'
import type { ReadyQueue } from '../queue/queue.ts'
import type { Delivery, Target } from '../targets/target.ts'
import type { Finished } from './commit-outcomes.ts'
import type { Telemetry } from './telemetry.ts'

export interface LaneDeps {
  readonly queue: ReadyQueue
  /** The epoch under which this node may own and send now; null while its lease is not sure. */
  readonly epoch: () => number | null
  /** Whether what this epoch owns is this node's, even while it may not send. */
  readonly owns: (epoch: number) => boolean
  /** What is on disk under this epoch is unknown. */
  readonly abandonEpoch: (epoch: number) => void
  readonly loadEvents: (ids: readonly string[]) => Promise<ReadonlyMap<string, StoredEvent>>
  readonly createTarget: (integration: Integration) => Target
  /** Shared with the lanes of all other integrations. */
  readonly slots: SharedSlots
  /** Whether more outcomes may come: while the store is away they pile up. */
  readonly mayFinish: () => boolean
  readonly finished: (finished: Finished) => void
  /** Gives deliveries back to the queue; resolves when they are free. */
  readonly free: (seqs: readonly number[], epoch: number) => Promise<void>
  /** Whether this node probes for all while the circuit is open. */
  readonly isProber: () => boolean
  readonly keepCircuit: (integrationId: number, circuit: Circuit) => void
  readonly telemetry: Telemetry
}

/** What readers may know of a lane. */
export interface LaneState {
  readonly circuit: Circuit
  readonly inFlight: number
  readonly inMemory: number
  readonly rateLimited: boolean
}

export function sameRate(a: Integration, b: Integration): boolean {
  return isDeepStrictEqual(a.spec.rateLimit, b.spec.rateLimit)
}

/** Whether a target made for one serves the other: it also holds the name, the secrets and the connections. */
export function sameTarget(a: Integration, b: Integration): boolean {
  return (
    isDeepStrictEqual(a.spec.target, b.spec.target) &&
    isDeepStrictEqual(a.signing, b.signing) &&
    isDeepStrictEqual(a.spec.circuit.probe, b.spec.circuit.probe) &&
    a.spec.concurrency === b.spec.concurrency
  )
}

export function toDelivery(delivery: OwnedDelivery, event: StoredEvent, mayGo: () => boolean): Delivery {
  return {
    mayGo,
    deliveryId: formatDeliveryId(delivery),
    integrationId: delivery.integrationId,
    event,
    attempt: delivery.attempts + 1,
    replayId: delivery.replayId === null ? null : String(delivery.replayId),
  }
}

/** A target should never reject. If it does, that must not be the end of the other integrations. */
export async function attempt(target: Target, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
  try {
    const [outcome] = await target.deliver([delivery], signal)
    return outcome ?? noOutcome('The target gave no outcome.')
  } catch (error) {
    return noOutcome(`The target broke: ${String(error)}`)
  }
}

/** What stands for an outcome when there was none. */
export function noOutcome(error: string): Outcome {
  return {
    result: 'failed',
    httpStatus: null,
    errorClass: 'internal',
    error,
    responseBody: null,
    retryAfterMs: null,
    startedAt: new Date(),
    durationMs: 0,
  }
}
