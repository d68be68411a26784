import { isDeepStrictEqual } from 'node:util'
import type { Circuit } from '../core/circuit.ts'
import { keepCircuit, loadCircuits, type KeptCircuit } from '../store/circuits.ts'
import type { Pool } from '../store/database.ts'
import type { Telemetry } from './telemetry.ts'

const againMs = 250

interface Change {
  readonly circuit: Circuit
  /** Or because of what came back from the target. */
  readonly byPerson: boolean
}

/**
 * Keeps circuits over restarts, and for the other nodes: written when they change, one write at a time and the newest
 * wins. What the store does not take is written again until it does, or nobody would ever probe: a node goes by what is
 * kept, and who opened a circuit may not be who probes it. What a person opened only a person closes.
 */
export class CircuitKeeper {
  readonly #pool: Pool
  readonly #telemetry: Telemetry
  readonly #pending = new Map<number, Change>()
  #kept = new Map<number, KeptCircuit>()
  #writeCount = 0
  #writing: Promise<void> | null = null
  #again: NodeJS.Timeout | null = null
  #isStopped = false

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
    if (this.#pending.size > 0 || this.#writeCount !== writeCount) return []
    const changed = [...found].filter(([id, kept]) => !isDeepStrictEqual(kept, this.#kept.get(id)))
    for (const [id, kept] of changed) this.#kept.set(id, kept)
    return changed
  }

  /** How an integration's circuit stood when this node started. */
  keptOf(integrationId: number): KeptCircuit | undefined {
    return this.#kept.get(integrationId)
  }

  keep(integrationId: number, circuit: Circuit, byPerson: boolean): void {
    const isUnwritten = this.#pending.get(integrationId)?.byPerson ?? false
    this.#pending.set(integrationId, { circuit, byPerson: byPerson || isUnwritten })
    this.#write()
  }

  /** Rejects when the store does not take it now. */
  async written(): Promise<void> {
    await this.#writing
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#again) clearTimeout(this.#again)
    await this.#writing?.catch(() => undefined)
  }

  #write(): void {
    if (this.#writing || this.#isStopped) return
    this.#writing = this.#writePending().finally(() => (this.#writing = null))
    this.#writing.catch((error: unknown) => {
      this.#telemetry.emit('storeDown', { during: 'circuit', error })
      if (!this.#isStopped) this.#again = setTimeout(() => this.#write(), againMs)
    })
  }

  async #writePending(): Promise<void> {
    while (this.#pending.size > 0)
      for (const [integrationId, change] of this.#pending) {
        const kept = await keepCircuit(this.#pool, integrationId, change.circuit, change.byPerson)
        if (kept) this.#kept.set(integrationId, kept)
        // The next look finds what is kept instead.
        else this.#kept.delete(integrationId)
        this.#writeCount++
        // A newer one came meanwhile, or it is done.
        if (this.#pending.get(integrationId) === change) this.#pending.delete(integrationId)
      }
  }
}
