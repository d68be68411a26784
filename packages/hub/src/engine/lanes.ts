import type { Integration } from '../core/catalog.ts'
import { isProber, partOf, wholeShare, type Share } from '../core/share.ts'
import { closedCircuit, restoredCircuit } from '../core/circuit.ts'
import type { DeliveryKey } from '../core/ids.ts'
import { SharedSlots } from '../core/slots.ts'
import type { KeptCircuit } from '../store/circuits.ts'
import type { NewDelivery } from './commit-events.ts'
import { leftMs, type Committed } from './commit-outcomes.ts'
import type { Waiting } from '../queue/queue.ts'
import { Freeing, type FreeingDeps } from './freeing.ts'
import type { HandOver, Reservation } from './ingest.ts'
import type { LaneDeps, LaneState } from './lane-parts.ts'
import { Lane } from './lane.ts'

/** Payloads that all lanes together may hold in memory; each has an equal part of it. */
const memoryBytes = 64 * 1024 * 1024
const minLaneBytes = 32 * 1024
const maxLaneBytes = 16 * 1024 * 1024
/** Sockets, and requests that are under way, of all integrations together. */
const mostInFlight = 2_048
/** A first request to a target, with its connection, takes a quarter of a millisecond. */
const lanesInATurn = 4

export interface LanesDeps extends Omit<LaneDeps, 'free' | 'isProber' | 'slots'> {
  readonly keptCircuit: (integrationId: number) => KeptCircuit | undefined
  readonly freeRows: FreeingDeps['freeRows']
}

/** The lanes of all integrations, as the configuration has them. */
export class Lanes implements HandOver {
  readonly #deps: LanesDeps
  readonly #slots = new SharedSlots(mostInFlight)
  readonly #freeing: Freeing
  readonly #lanes = new Map<number, Lane>()
  readonly #leaving = new Set<Promise<void>>()
  /** Those that something changed for. */
  readonly #touched = new Set<Lane>()
  #integrations: readonly Integration[] = []
  #share = wholeShare

  constructor(deps: LanesDeps) {
    this.#deps = deps
    this.#freeing = new Freeing(deps)
  }

  /** Of every limit the lanes keep this node's part. */
  shareChanged(share: Share): void {
    this.#share = share
    this.configure(this.#integrations)
  }

  /** Makes the lanes those of this configuration. */
  configure(integrations: readonly Integration[]): void {
    this.#integrations = integrations
    const laneBytes = Math.min(
      maxLaneBytes,
      Math.max(minLaneBytes, memoryBytes / Math.max(1, integrations.length)),
    )
    const wanted = new Set(integrations.map((integration) => integration.id))
    for (const [id, lane] of this.#lanes) {
      if (wanted.has(id)) continue
      this.#lanes.delete(id)
      const left = lane.stop(0).finally(() => this.#leaving.delete(left))
      this.#leaving.add(left)
    }
    for (const integration of integrations.map((whole) => partOf(whole, this.#share))) {
      const lane = this.#lanes.get(integration.id)
      if (!lane) this.#lanes.set(integration.id, this.#create(integration, laneBytes))
      else {
        lane.maxBytes = laneBytes
        if (lane.integration !== integration) lane.update(integration)
      }
    }
  }

  get(integrationId: number): Lane | undefined {
    return this.#lanes.get(integrationId)
  }

  state(integrationId: number): LaneState | undefined {
    return this.#lanes.get(integrationId)?.state
  }

  /** Its circuit is open, and no person opened it. */
  isDown(integrationId: number): boolean {
    const circuit = this.state(integrationId)?.circuit
    return circuit !== undefined && circuit.phase !== 'closed' && !circuit.forced
  }

  inFlight(): readonly DeliveryKey[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.flights)
  }

  isInFlight(key: DeliveryKey): boolean {
    return this.#lanes.get(key.integrationId)?.isInFlight(key.seq) ?? false
  }

  reserve(integrationId: number, bodyBytes: number): boolean {
    return this.#lanes.get(integrationId)?.reserve(bodyBytes) ?? false
  }

  settle(reserved: readonly Reservation[], committed: readonly NewDelivery[]): void {
    for (const { integrationId, bodyBytes } of reserved) this.#lanes.get(integrationId)?.unreserve(bodyBytes)
    const touched = new Set<Lane>()
    for (const { delivery, event, owner } of committed) {
      const lane = this.#lanes.get(delivery.integrationId)
      if (!lane) continue
      if (owner === null) lane.leftOnDisk(delivery.due)
      else lane.handOver(delivery, event, owner)
      touched.add(lane)
    }
    // First those with the least under way: a target that answers does not wait for others that do not.
    this.#pumpInTurns([...touched].toSorted((one, other) => one.inFlight - other.inFlight))
  }

  /** Not at once: the rows of the next flush go out first, and many that want one event let others through between. */
  #pumpInTurns(lanes: readonly Lane[]): void {
    if (this.#touched.size === 0 && lanes.length > 0) setImmediate(() => this.#pumpSome())
    for (const lane of lanes) this.#touched.add(lane)
  }

  #pumpSome(): void {
    for (const lane of [...this.#touched.values().take(lanesInATurn)]) {
      this.#touched.delete(lane)
      lane.pump()
    }
    if (this.#touched.size > 0) setImmediate(() => this.#pumpSome())
  }

  /** Outcomes are on disk: what they left to do is known. */
  outcomesCommitted(committed: Committed): void {
    this.#deps.telemetry.emit('settled', { settled: committed.settled })
    const touched = new Set<Lane>()
    for (const finished of committed.settled) {
      const { work, verdict, mine } = finished
      const lane = this.#lanes.get(work.delivery.integrationId)
      if (!lane) continue
      touched.add(lane)
      if (mine && verdict.next === 'retry') lane.dueIn(leftMs(finished, verdict.inMs))
    }
    this.#pumpInTurns([...touched])
  }

  /** Subjects of these integrations may go on. */
  woken(integrationIds: readonly number[]): void {
    for (const integrationId of new Set(integrationIds)) this.#lanes.get(integrationId)?.found(false, 0)
  }

  /** Somebody changed rows of an integration: look at them now. */
  wake(integrationId: number): void {
    this.#lanes.get(integrationId)?.found(true, 0)
  }

  found({ integrationId, hasFresh, nextDueInMs }: Waiting): void {
    this.#lanes.get(integrationId)?.found(hasFresh, nextDueInMs)
  }

  refs(): { integrationId: number; ordering: 'none' | 'subject' }[] {
    return [...this.#lanes.values()].map(({ integration }) => ({
      integrationId: integration.id,
      ordering: integration.spec.ordering,
    }))
  }

  forget(): void {
    for (const lane of this.#lanes.values()) lane.forget()
  }

  pump(): void {
    for (const lane of this.#lanes.values()) lane.pump()
  }

  /** Ends when nothing is in flight; what still flies after the time given is cut off and recorded as aborted. */
  async stop(withinMs: number): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop(withinMs)))
    await Promise.all(this.#leaving)
  }

  #create(integration: Integration, laneBytes: number): Lane {
    const kept = this.#deps.keptCircuit(integration.id)
    const nowMs = Date.now()
    const circuit = kept ? restoredCircuit(kept, integration.spec.circuit, nowMs) : closedCircuit(nowMs)
    return new Lane(integration, circuit, laneBytes, {
      ...this.#deps,
      slots: this.#slots,
      isProber: () => isProber(this.#share, integration.id),
      free: (seqs, epoch) => this.#freeing.free(integration.id, seqs, epoch),
    })
  }
}
