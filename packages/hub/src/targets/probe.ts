import type { Integration } from '../core/catalog.ts'
import type { HttpTarget } from '../core/integration-spec.ts'
import { compileFixedUrl } from '../core/target-url.ts'
import { compileHeaders, type OutgoingRequest } from './request.ts'

export interface ProbePlan {
  readonly origin: string
  readonly request: OutgoingRequest
  /** By which rules, and with which credentials, it goes out. */
  readonly spec: HttpTarget
}

/**
 * The request that asks a target whether it is well; null: the integration names none. Only the target's own origin
 * gets to see its credentials.
 */
export function planProbe(
  { spec: { circuit } }: Integration,
  target: HttpTarget,
  targetOrigin: string,
  version: string,
): ProbePlan | null {
  const url = circuit.probe && compileFixedUrl(circuit.probe.url)
  if (!circuit.probe || !url?.ok) return null
  const { origin, path } = url.value
  const rules: HttpTarget = { ...target, success: ['2xx'], permanent: [] }
  const isSame = origin === targetOrigin
  const { tls: _ownAuthorities, ...public_ } = rules
  const spec: HttpTarget = isSame ? rules : { ...public_, headers: {}, auth: { kind: 'none' } }
  const headers = ['user-agent', `Integration-Hub/${version}`, ...fixedHeaders(spec)]
  const request = { method: circuit.probe.method, path, headers, body: Buffer.alloc(0) }
  return { origin, request, spec }
}

/** Those that need no event to be filled in. */
function fixedHeaders(spec: HttpTarget): readonly string[] {
  const compiled = compileHeaders(spec)
  if (!compiled.ok) return []
  return compiled.value.flatMap(({ name, value }) => {
    const texts = value.filter((part) => typeof part === 'string')
    return name === 'user-agent' || texts.length < value.length ? [] : [name, texts.join('')]
  })
}
