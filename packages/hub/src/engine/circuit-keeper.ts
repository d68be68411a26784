import { isDeepStrictEqual } from 'node:util'
import type { Circuit } from '../core/circuit.ts'
import { forceCircuit, keepCircuit, loadCircuits, type KeptCircuit } from '../store/circuits.ts'
import type { Pool } from '../store/database.ts'
import type { Telemetry } from './telemetry.ts'

const againMs = 250

export interface CircuitKeeperDeps {
  readonly pool: Pool
  readonly telemetry: Telemetry
  /** In the moment in which this node knows of it, so that nothing is seen in between. */
  readonly changed: (integrationId: number, kept: KeptCircuit, by: 'person' | 'elsewhere') => void
}

interface Change {
  readonly circuit: Circuit
  /** The last one of people that this node knew. */
  readonly wish: number
}

/**
 * Keeps circuits over restarts, and for the other nodes. What is seen of a target is written one after the other, the
 * newest wins, and what the store does not take is written again until it does, or nobody would ever probe: a node goes
 * by what is kept, and who opened a circuit may not be who probes it. What a person wishes goes before all that was
 * seen by nodes that did not know of it, and holds only once it is on disk.
 */
export class CircuitKeeper {
  readonly #deps: CircuitKeeperDeps
  readonly #pending = new Map<number, Change>()
  #kept = new Map<number, KeptCircuit>()
  #writing: Promise<void> | null = null
  #again: NodeJS.Timeout | null = null
  #isStopped = false

  constructor(deps: CircuitKeeperDeps) {
    this.#deps = deps
  }

  async load(): Promise<void> {
    this.#kept = new Map(await loadCircuits(this.#deps.pool))
  }

  /** Looks for those that another node has written since the last look. */
  async look(): Promise<void> {
    const before = new Map(this.#kept)
    for (const [id, kept] of await loadCircuits(this.#deps.pool)) {
      // What was read may be older than what this node wrote meanwhile, or has yet to write.
      const isOlder = this.#pending.has(id) || this.#kept.get(id) !== before.get(id)
      if (isOlder || isDeepStrictEqual(kept, before.get(id))) continue
      this.#kept.set(id, kept)
      this.#deps.changed(id, kept, 'elsewhere')
    }
  }

  /** How an integration's circuit stood when this node started, or heard of it last. */
  keptOf(integrationId: number): KeptCircuit | undefined {
    return this.#kept.get(integrationId)
  }

  keep(integrationId: number, circuit: Circuit): void {
    this.#pending.set(integrationId, { circuit, wish: this.#wishFor(integrationId) })
    this.#write()
  }

  /** As a person wants it, from now on and at all nodes, if it resolves. */
  async force(integrationId: number, circuit: Circuit): Promise<void> {
    const kept = await forceCircuit(this.#deps.pool, integrationId, circuit)
    // Somebody may have been faster here with a later wish.
    if (kept.wish <= this.#wishFor(integrationId)) return
    this.#pending.delete(integrationId)
    this.#kept.set(integrationId, kept)
    this.#deps.changed(integrationId, kept, 'person')
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#again) clearTimeout(this.#again)
    await this.#writing?.catch(() => undefined)
  }

  #wishFor(integrationId: number): number {
    return this.#kept.get(integrationId)?.wish ?? 0
  }

  #write(): void {
    if (this.#writing || this.#isStopped) return
    this.#writing = this.#writePending().finally(() => (this.#writing = null))
    this.#writing.catch((error: unknown) => {
      this.#deps.telemetry.emit('storeDown', { during: 'circuit', error })
      if (!this.#isStopped) this.#again = setTimeout(() => this.#write(), againMs)
    })
  }

  async #writePending(): Promise<void> {
    while (this.#pending.size > 0)
      for (const [integrationId, change] of this.#pending) {
        const kept = await keepCircuit(this.#deps.pool, integrationId, change.circuit, change.wish)
        // A newer one came meanwhile, or it is done.
        if (this.#pending.get(integrationId) === change) this.#pending.delete(integrationId)
        if (this.#wishFor(integrationId) > change.wish) continue
        if (kept) this.#kept.set(integrationId, kept)
        // The next look tells what a person wished instead.
        else this.#kept.delete(integrationId)
      }
  }
}
