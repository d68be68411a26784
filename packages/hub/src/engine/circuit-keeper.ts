import type { Circuit } from '../core/circuit.ts'
import { keepCircuit, loadCircuits, type KeptCircuit } from '../store/circuits.ts'
import type { Pool } from '../store/database.ts'
import type { Telemetry } from './telemetry.ts'

/** Keeps circuits over restarts: written when they change, one write at a time and the newest wins. */
export class CircuitKeeper {
  readonly #pool: Pool
  readonly #telemetry: Telemetry
  readonly #pending = new Map<number, Circuit>()
  #kept: ReadonlyMap<number, KeptCircuit> = new Map()
  #writing: Promise<void> | null = null

  constructor(pool: Pool, telemetry: Telemetry) {
    this.#pool = pool
    this.#telemetry = telemetry
  }

  async load(): Promise<void> {
    this.#kept = await loadCircuits(this.#pool)
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
      await keepCircuit(this.#pool, integrationId, circuit).catch((error: unknown) =>
        this.#telemetry.emit('storeDown', { during: 'circuit', error }),
      )
    }
  }
}
