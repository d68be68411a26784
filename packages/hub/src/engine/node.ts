import { performance } from 'node:perf_hooks'
import type { Pool } from '../store/database.ts'
import type { Share } from '../core/share.ts'
import {
  beginEpoch,
  leave,
  readShare,
  renewLease,
  takeOverDeadNodes,
  type NodeIdentity,
} from '../store/nodes.ts'
import type { Telemetry } from './telemetry.ts'

export interface NodeSettings {
  readonly leaseMs: number
  readonly renewEveryMs: number
}

export const defaultNodeSettings: NodeSettings = { leaseMs: 6_000, renewEveryMs: 1_500 }

const retryBeginMs = 250
/** By the database's clock a lease is over only after its last millisecond. */
const justAfterMs = 5

/** Told when what this node owned is no longer its own, and when it may own again. */
export interface NodeListener {
  epochEnded(): void
  /** Nodes came or went, so this node's part of every limit is another. */
  shareChanged(share: Share): void
  mayOwn(epoch: number): void
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
    this.#end()
    // When the store is away the next start, or another node, frees what was ours.
    if (epoch !== null) await leave(this.#pool, epoch).catch(() => undefined)
  }

  /** What is on disk under this epoch is unknown: forget it all and begin again. */
  abandonEpoch(epoch: number): void {
    if (this.#epoch !== epoch) return
    this.#end()
    this.#schedule(0)
  }

  tick(): Promise<void> {
    this.#ticking ??= this.#renewOrBegin().finally(() => (this.#ticking = null))
    return this.#ticking
  }

  async #renewOrBegin(): Promise<void> {
    // Counted from before the renewal was sent, so that it ends here before it ends there.
    const sentMs = performance.now()
    try {
      if (this.#epoch === null) await this.#begin()
      else if (!(await renewLease(this.#pool, this.#epoch, this.#settings.leaseMs))) {
        this.#telemetry.emit('leaseLost', { epoch: this.#epoch })
        this.#end()
        await this.#begin()
      }
      if (this.#epoch !== null) await this.#extendLease(sentMs, this.#epoch)
      this.#beginTakeover()
    } catch (error) {
      this.#telemetry.emit('storeDown', { during: 'lease', error })
    }
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

  async #begin(): Promise<void> {
    const sentMs = performance.now()
    this.#epoch = await beginEpoch(this.#pool, this.#identity, this.#settings.leaseMs)
    // What a former epoch of this node owned lies free again, behind the marks that its claims moved on.
    this.#listener.rowsFreed()
    await this.#extendLease(sentMs, this.#epoch)
  }

  async #extendLease(sentMs: number, epoch: number): Promise<void> {
    // First its part, or a node that has just come would begin with all of it.
    this.#listener.shareChanged(await readShare(this.#pool, epoch))
    if (this.#epoch !== epoch) return
    const lapsed = performance.now() >= this.#deadlineMs
    this.#deadlineMs = sentMs + this.#settings.leaseMs * 0.8
    if (lapsed) this.#listener.mayOwn(epoch)
  }

  #end(): void {
    if (this.#epoch === null) return
    this.#epoch = null
    this.#deadlineMs = 0
    this.#listener.epochEnded()
  }

  #schedule(delayMs = this.#epoch === null ? retryBeginMs : this.#settings.renewEveryMs): void {
    if (this.#stopped) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.tick().finally(() => this.#schedule()), delayMs)
  }
}
