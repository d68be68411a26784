import type { AddressPolicy } from './address.ts'
import { compileFilter } from './filter.ts'
import type { IntegrationSpec } from './integration-spec.ts'
import type { FieldError } from './schema.ts'
import { targetProblems } from './target-problems.ts'
import { typePatternError } from './type-pattern.ts'

/** What is wrong with an integration beyond its schema and the resources that it names. */
export function integrationProblems(spec: IntegrationSpec, addresses: AddressPolicy): readonly FieldError[] {
  return [
    ...typeProblems(spec),
    ...filterProblems(spec),
    ...below('/target', targetProblems(spec.target, addresses)),
    ...contradictions(spec),
  ]
}

function typeProblems({ types = [] }: IntegrationSpec): readonly FieldError[] {
  return types.flatMap((pattern, index) => {
    const message = typePatternError(pattern)
    return message === null ? [] : [{ path: `/types/${index}`, message }]
  })
}

function filterProblems({ filter }: IntegrationSpec): readonly FieldError[] {
  if (filter === undefined) return []
  const compiled = compileFilter(filter)
  return compiled.ok ? [] : below('/filter', compiled.errors)
}

function contradictions({ target, circuit }: IntegrationSpec): readonly FieldError[] {
  const errors: FieldError[] = []
  if (circuit.maxOpenMs < circuit.openMs)
    errors.push({ path: '/circuit/maxOpenMs', message: `must not be below openMs, ${circuit.openMs}` })
  if (target.kind !== 'http') return errors
  const both = target.permanent.filter((status) => target.success.includes(status))
  if (both.length > 0)
    errors.push({ path: '/target/permanent', message: `holds ${both.join(', ')}, which is also success` })
  return errors
}

function below(path: string, errors: readonly FieldError[]): readonly FieldError[] {
  return errors.map((error) => ({ ...error, path: `${path}${error.path}` }))
}
