import { isDeepStrictEqual } from 'node:util'
import type { Circuit } from '../core/circuit.ts'
import { keepCircuit, loadCircuits, type KeptCircuit } from '../store/circuits.ts'
import type { Pool } from '../store/database.ts'
import type { Telemetry } from './telemetry.ts'

/**
 * Keeps circuits over restarts, and for the other nodes: written when they change, one write at a time and the newest
 * wins.
 */
export class CircuitKeeper {
  readonly #pool: Pool
  readonly #telemetry: Telemetry
  readonly #pending = new Map<number, Circuit>()
  #kept = new Map<number, KeptCircuit>()
  #writeCount = 0
  #writing: Promise<void> | null = null

  constructor(pool: Pool, telemetry: Telemetry) {
    this.#pool = pool
    this.#telemetry = telemetry
  }

  async load(): Promise<void> {
    this.#kept = new Map(await loadCircuits(this.#pool))
  }

  /** Those that another node has written since the last look. */
  async changedElsewhere(): Promise<readonly (readonly [number, KeptCircuit])[]> {
    const writeCount = this.#writeCount
    const found = await loadCircuits(this.#pool)
    // What was read may be older than what this node wrote meanwhile.
    if (this.#writing || this.#writeCount !== writeCount) return []
    const changed = [...found].filter(([id, kept]) => !isDeepStrictEqual(kept, this.#kept.get(id)))
    for (const [id, kept] of changed) this.#kept.set(id, kept)
    return changed
  }

  /** How an integration's circuit stood when this node started. */
  keptOf(integrationId: number): KeptCircuit | undefined {
    return this.#kept.get(integrationId)
  }

  keep(integrationId: number, circuit: Circuit): void {
    this.#pending.set(integrationId, circuit)
    this.#writing ??= this.#write().finally(() => (this.#writing = null))
  }

  async written(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    for (const [integrationId, circuit] of this.#pending) {
      this.#pending.delete(integrationId)
      this.#writeCount++
      try {
        this.#kept.set(integrationId, await keepCircuit(this.#pool, integrationId, circuit))
      } catch (error) {
        this.#telemetry.emit('storeDown', { during: 'circuit', error })
      }
    }
  }
}
