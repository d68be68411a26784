import { IntegrationSpec, type HttpTarget } from './integration-spec.ts'
import { check, type Checked } from './schema.ts'

/** What was given, of a shape that has been checked. */
interface Written {
  readonly circuit?: Partial<IntegrationSpec['circuit']>
  readonly target: Partial<HttpTarget>
}

/** As `check` does, but a default gives way to what was written beside it, rather than contradict it. */
export function checkIntegration(input: unknown): Checked<IntegrationSpec> {
  const checked = check(IntegrationSpec, input)
  if (!checked.ok) return checked
  const { value: spec } = checked
  const written = input as Written
  return {
    ok: true,
    value: { ...spec, circuit: fitCircuit(spec, written), target: fitTarget(spec, written) },
  }
}

function fitCircuit({ circuit }: IntegrationSpec, written: Written): IntegrationSpec['circuit'] {
  const { openMs, maxOpenMs } = circuit
  if (written.circuit?.openMs === undefined) return { ...circuit, openMs: Math.min(openMs, maxOpenMs) }
  if (written.circuit.maxOpenMs === undefined) return { ...circuit, maxOpenMs: Math.max(openMs, maxOpenMs) }
  return circuit
}

function fitTarget({ target }: IntegrationSpec, written: Written): IntegrationSpec['target'] {
  if (target.kind !== 'http' || written.target.permanent !== undefined) return target
  return { ...target, permanent: target.permanent.filter((status) => !target.success.includes(status)) }
}
