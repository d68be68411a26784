import { performance } from 'node:perf_hooks'
import type { Pool } from '../store/database.ts'
import type { Share } from '../core/share.ts'
import {
  beginEpoch,
  isOver,
  leave,
  soonestEndMs,
  renewLease,
  takeOverDeadNodes,
  type Lease,
  type NodeIdentity,
} from '../store/nodes.ts'
import { untilBeat } from './beat.ts'
import type { Telemetry } from './telemetry.ts'

export interface NodeSettings {
  readonly leaseMs: number
  readonly renewEveryMs: number
}

export const defaultNodeSettings: NodeSettings = { leaseMs: 6_000, renewEveryMs: 1_000 }

const retryBeginMs = 250
/** By the database's clock a lease is over only after its last millisecond. */
const justAfterMs = 5

/** Told when what this node owned is no longer its own, and when it may own again. */
export interface NodeListener {
  epochEnded(): void
  /** Nodes came or went, so this node's part of every limit is another. */
  shareChanged(share: Share): void
  mayOwn(epoch: number): void
  /** Told at every renewal. */
  configVersionSeen(version: number): void
  /** Rows of an epoch that is over were freed: what lies before the marks is worth a look. */
  rowsFreed(): void
}

/**
 * Ownership is liveness: while the lease lasts this node may own rows under its epoch and send them.
 *
 *   absent ── beginEpoch ──► alive(epoch) ── lease lost, or unsure what a COMMIT did ──► absent
 *
 * Start, reconnect and takeover of its own old rows are the one path from absent to alive.
 */
export class Node {
  readonly #pool: Pool
  readonly #identity: NodeIdentity
  readonly #settings: NodeSettings
  readonly #telemetry: Telemetry
  readonly #listener: NodeListener
  #epoch: number | null = null
  #deadlineMs = 0
  #timer: NodeJS.Timeout | null = null
  #endTimer: NodeJS.Timeout | null = null
  #ticking: Promise<void> | null = null
  #takingOver: Promise<void> | null = null
  #stopped = false

  constructor(
    pool: Pool,
    identity: NodeIdentity,
    settings: NodeSettings,
    telemetry: Telemetry,
    listener: NodeListener,
  ) {
    this.#pool = pool
    this.#identity = identity
    this.#settings = settings
    this.#telemetry = telemetry
    this.#listener = listener
  }

  get nodeKey(): string {
    return this.#identity.nodeKey
  }

  /** The epoch under which this node may own and send now; null when it may not. */
  get epoch(): number | null {
    return performance.now() < this.#deadlineMs ? this.#epoch : null
  }

  /** Whether what this epoch owns is this node's: until it ends, even while the lease is not sure. */
  owns(epoch: number): boolean {
    return this.#epoch === epoch
  }

  async start(): Promise<void> {
    this.#stopped = false
    await this.tick()
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    await this.#ticking
    await this.#takingOver
    if (this.#endTimer) clearTimeout(this.#endTimer)
    this.#endTimer = null
    const epoch = this.#epoch
    if (epoch === null) return
    this.#end(epoch)
    // When the store is away the next start, or another node, frees what was ours.
    await leave(this.#pool, epoch).catch(() => undefined)
  }

  /** What is on disk under this epoch is unknown: forget it all and begin again. */
  abandonEpoch(epoch: number): void {
    if (this.#epoch !== epoch) return
    this.#end(epoch)
    this.#schedule(0)
  }

  tick(): Promise<void> {
    this.#ticking ??= this.#renewOrBegin().finally(() => (this.#ticking = null))
    return this.#ticking
  }

  async #renewOrBegin(): Promise<void> {
    try {
      if (this.#epoch === null || !(await this.#renew(this.#epoch))) await this.#begin()
    } catch (error) {
      this.#telemetry.emit('storeDown', { during: 'lease', error })
    }
  }

  async #begin(): Promise<void> {
    const epoch = await beginEpoch(this.#pool, this.#identity, this.#settings.leaseMs)
    this.#epoch = epoch
    // What a former epoch of this node owned lies free again, behind the marks that its claims moved on.
    this.#listener.rowsFreed()
    await this.#renew(epoch)
  }

  /** False: this epoch is over. */
  async #renew(epoch: number): Promise<boolean> {
    // Counted from before the renewal was sent, so that it ends here before it ends there.
    const sentMs = performance.now()
    const renewal = await renewLease(this.#pool, epoch, this.#settings.leaseMs)
    if (!renewal) {
      this.#telemetry.emit('leaseLost', { epoch })
      this.#end(epoch)
      return false
    }
    const { others, configVersion } = renewal
    // First its part, or a node that has just come would begin with all of it.
    this.#listener.shareChanged(shareAmong(others, epoch))
    if (this.#epoch === epoch) this.#extendLease(sentMs, epoch)
    if (others.some(isOver)) this.#beginTakeover()
    else this.#expectEnd(soonestEndMs(others))
    this.#listener.configVersionSeen(configVersion)
    return true
  }

  #extendLease(sentMs: number, epoch: number): void {
    const lapsed = this.epoch === null
    this.#deadlineMs = sentMs + this.#settings.leaseMs * 0.8
    if (lapsed) this.#listener.mayOwn(epoch)
  }

  #beginTakeover(): void {
    if (this.#stopped) return
    this.#takingOver ??= this.#takeOver().finally(() => (this.#takingOver = null))
  }

  /** Beside the renewals: it may wait for a lock, or free a long queue, and must not cost this node its own lease. */
  async #takeOver(): Promise<void> {
    try {
      const { nextEndMs } = await takeOverDeadNodes(this.#pool, () => this.#listener.rowsFreed())
      this.#expectEnd(nextEndMs)
    } catch (error) {
      this.#telemetry.emit('storeDown', { during: 'lease', error })
    }
  }

  /** Who lives renews long before: this one ends, and what it holds is to move then, not up to a renewal later. */
  #expectEnd(endMs: number): void {
    if (this.#stopped || endMs >= this.#settings.renewEveryMs) return
    if (this.#endTimer) clearTimeout(this.#endTimer)
    this.#endTimer = setTimeout(() => this.#beginTakeover(), endMs + justAfterMs)
  }

  #end(epoch: number): void {
    if (this.#epoch !== epoch) return
    this.#epoch = null
    this.#deadlineMs = 0
    this.#listener.epochEnded()
  }

  #schedule(delayMs = this.#epoch === null ? retryBeginMs : untilBeat(this.#settings.renewEveryMs)): void {
    if (this.#stopped) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.tick().finally(() => this.#schedule()), delayMs)
  }
}

/** The place of this epoch among those that are alive. */
function shareAmong(others: readonly Lease[], epoch: number): Share {
  const alive = others.filter((lease) => !isOver(lease))
  return { index: alive.filter((lease) => lease.epoch < epoch).length, count: alive.length + 1 }
}
