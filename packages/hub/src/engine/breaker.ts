import type { Integration } from '../core/catalog.ts'
import {
  afterAttempt,
  afterProbe,
  closedCircuit,
  mayProbe,
  probeReturned,
  probeSent,
  restoredCircuit,
  type Circuit,
} from '../core/circuit.ts'
import type { Outcome } from '../core/outcome.ts'
import type { KeptCircuit } from '../store/circuits.ts'
import type { LaneDeps } from './lane-parts.ts'

type BreakerDeps = Pick<LaneDeps, 'isProber' | 'keepCircuit' | 'telemetry'>

/** One integration's circuit on this node: what changes of it is kept for the next start, and told. */
export class Breaker {
  readonly #deps: BreakerDeps
  readonly #integration: () => Integration
  #circuit: Circuit

  constructor(circuit: Circuit, integration: () => Integration, deps: BreakerDeps) {
    this.#circuit = circuit
    this.#integration = integration
    this.#deps = deps
  }

  get circuit(): Circuit {
    return this.#circuit
  }

  get isClosed(): boolean {
    return this.#circuit.phase === 'closed'
  }

  get isProbing(): boolean {
    return this.#circuit.phase === 'half-open'
  }

  mayProbe(nowMs: number): boolean {
    return this.#deps.isProber() && mayProbe(this.#circuit, nowMs)
  }

  /** When this node may probe; null: it is not its turn. */
  get probeAtMs(): number | null {
    return this.#deps.isProber() ? this.#circuit.probeAtMs : null
  }

  attempted(outcome: Outcome, seq: number, nowMs: number): void {
    this.#change(afterAttempt(this.#circuit, this.#integration().spec.circuit, outcome, seq, nowMs))
  }

  probed(outcome: Outcome, nowMs: number): void {
    this.#change(afterProbe(this.#circuit, this.#integration().spec.circuit, outcome, nowMs))
  }

  /** Only a moment, and nothing that anybody needs to hear of. */
  probeSent(): void {
    this.#circuit = probeSent(this.#circuit)
  }

  probeReturned(nowMs: number): void {
    this.#circuit = probeReturned(this.#circuit, nowMs)
  }

  /** It is kept already. */
  set(kept: KeptCircuit, by: 'person' | 'elsewhere', nowMs: number): void {
    const before = this.#circuit
    this.#circuit = restoredCircuit(kept, this.#integration().spec.circuit, nowMs)
    // Of what was seen elsewhere, whoever watches was told there.
    if (by === 'person') this.#tell(before)
  }

  /** The policy may have no circuit any more; what a person opened stays open. */
  update(nowMs: number): void {
    if (!this.#integration().spec.circuit.enabled && !this.#circuit.forced) this.#change(closedCircuit(nowMs))
  }

  #change(next: Circuit): void {
    const before = this.#circuit
    this.#circuit = next
    if (this.#tell(before)) this.#deps.keepCircuit(this.#integration().id, next)
  }

  /** False: nothing that counts has changed. */
  #tell(before: Circuit): boolean {
    const after = this.#circuit
    if (before.phase === after.phase && before.forced === after.forced) return false
    this.#deps.telemetry.emit('circuit', { integration: this.#integration().name, before, after })
    return true
  }
}
