import type { Circuit } from '../core/circuit.ts'
import type { OwnedDelivery } from '../core/delivery.ts'
import type { Outcome } from '../core/outcome.ts'
import type { ProblemCode } from '../core/problems.ts'
import type { Verdict } from '../core/retry.ts'
import type { Settled } from './commit-outcomes.ts'

/**
 * Everything that happens in the hub and is worth watching: the only list. Metrics, logs and the live stream are
 * subscribers of it and of nothing else.
 *
 * | happening      | when                                                                                  |
 * | -------------- | ------------------------------------------------------------------------------------- |
 * | accepted       | an event is on disk                                                                   |
 * | duplicate      | an event was sent again and is on disk already                                        |
 * | refused        | a request with events was answered by a problem; `source` is null when it is unknown  |
 * | refusedByStore | the database said that it cannot hold an event or an outcome                          |
 * | attempt        | a try at a target is over; its outcome is not on disk yet                             |
 * | settled        | outcomes are on disk, and what followed from them                                     |
 * | circuit        | a circuit changed its state                                                           |
 * | flush          | a transaction of the hot path was committed                                           |
 * | claim          | deliveries were taken from the queue                                                  |
 * | storeDown      | the store failed where it should not; repeated as long as it does                     |
 * | leaseLost      | this node's lease ended before it was renewed                                         |
 * | configChanged  | a new version of the configuration is in force on this node                           |
 * | acted          | a person or a key did something to a delivery, a replay or the configuration          |
 * | replay         | a replay advanced, ended or was cancelled                                             |
 * | retained       | retention dropped a day of the log                                                    |
 * | disk           | the disk passed its watermark, in either direction                                    |
 */
export interface Happenings {
  accepted: {
    readonly source: string
    readonly eventId: string
    readonly eventType: string
    readonly deliveries: number
    readonly bytes: number
  }
  duplicate: { readonly source: string }
  refused: { readonly source: string | null; readonly code: ProblemCode }
  refusedByStore: { readonly error: unknown }
  attempt: {
    readonly integrationId: number
    readonly integration: string
    readonly delivery: OwnedDelivery
    readonly outcome: Outcome
    readonly verdict: Verdict
    readonly asProbe: boolean
  }
  settled: { readonly settled: readonly Settled[] }
  circuit: { readonly integration: string; readonly before: Circuit; readonly after: Circuit }
  flush: { readonly kind: 'ingest' | 'outcome'; readonly count: number; readonly durationMs: number }
  claim: { readonly integrationId: number; readonly count: number }
  /** `during` completes "the store failed during …". */
  storeDown: { readonly during: string; readonly error: unknown }
  leaseLost: { readonly epoch: number }
  configChanged: { readonly version: number }
  /** `action` and `subject` as in the audit log. */
  acted: { readonly actor: string; readonly action: string; readonly subject: string }
  replay: {
    readonly replayId: string
    readonly integration: string
    readonly state: 'running' | 'done' | 'cancelled'
    readonly started: number
    readonly skipped: number
    readonly total: number | null
  }
  retained: { readonly day: string; readonly keptEvents: number; readonly durationMs: number }
  disk: { readonly isFull: boolean; readonly freeBytes: number }
}

export type HappeningName = keyof Happenings
export type Listener<Name extends HappeningName> = (happening: Happenings[Name]) => void

type Listeners = { [Name in HappeningName]?: readonly Listener<Name>[] }

/**
 * Tells at once, in the caller's turn: listeners are quick and never wait. One that throws is reported and disturbs
 * neither the caller nor the others.
 */
export class Telemetry {
  readonly #onListenerError: (error: unknown) => void
  readonly #listeners: Listeners = {}

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError
  }

  /** Returns what ends the subscription. */
  on<Name extends HappeningName>(name: Name, listener: Listener<Name>): () => void {
    this.#set(name, [...this.#of(name), listener])
    return () =>
      this.#set(
        name,
        this.#of(name).filter((other) => other !== listener),
      )
  }

  emit<Name extends HappeningName>(name: Name, happening: Happenings[Name]): void {
    for (const listener of this.#of(name)) {
      try {
        listener(happening)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
  }

  #of<Name extends HappeningName>(name: Name): readonly Listener<Name>[] {
    // TypeScript does not carry the name through a mapped type; `#set` is the only writer.
    return this.#listeners[name] ?? none
  }

  #set<Name extends HappeningName>(name: Name, listeners: readonly Listener<Name>[]): void {
    ;(this.#listeners as Record<Name, readonly Listener<Name>[]>)[name] = listeners
  }
}

const none: readonly never[] = []
