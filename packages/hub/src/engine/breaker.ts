import type { Integration } from '../core/catalog.ts'
import {
  afterAttempt,
  afterProbe,
  closedCircuit,
  forceCircuit,
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

  set(to: 'open' | 'closed' | KeptCircuit, nowMs: number): void {
    if (typeof to === 'string') this.#change(forceCircuit(to, nowMs), true)
    // It is kept already, and whoever watches was told there.
    else this.#circuit = restoredCircuit(to, nowMs)
  }

  /** The policy may have no circuit any more; what a person opened stays open. */
  update(nowMs: number): void {
    if (!this.#integration().spec.circuit.enabled && !this.#circuit.forced) this.#change(closedCircuit(nowMs))
  }

  #change(next: Circuit, byPerson = false): void {
    const before = this.#circuit
    this.#circuit = next
    const isSame = before.phase === next.phase && before.forced === next.forced
    const { id, name } = this.#integration()
    // Where nothing changes at this node a person may mean what has changed at another.
    if (byPerson || !isSame) this.#deps.keepCircuit(id, next, byPerson)
    if (!isSame) this.#deps.telemetry.emit('circuit', { integration: name, before, after: next })
  }
}
