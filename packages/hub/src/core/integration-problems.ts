import type { AddressPolicy } from './address.ts'
import { compileFilter } from './filter.ts'
import type { IntegrationSpec } from './integration-spec.ts'
import { policyProblems } from './policy-problems.ts'
import type { FieldError } from './schema.ts'
import { targetProblems, urlProblems } from './target-problems.ts'
import { compileFixedUrl } from './target-url.ts'
import { typePatternError } from './type-pattern.ts'

/** What is wrong with an integration beyond its schema and the resources that it names. */
export function integrationProblems(spec: IntegrationSpec, addresses: AddressPolicy): readonly FieldError[] {
  return [
    ...typeProblems(spec),
    ...filterProblems(spec),
    ...below('/target', targetProblems(spec.target, addresses)),
    ...probeProblems(spec, addresses),
    ...policyProblems(spec),
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

function probeProblems(
  { circuit: { probe } }: IntegrationSpec,
  addresses: AddressPolicy,
): readonly FieldError[] {
  return probe ? urlProblems('/circuit/probe/url', compileFixedUrl(probe.url), addresses) : []
}

function below(path: string, errors: readonly FieldError[]): readonly FieldError[] {
  return errors.map((error) => ({ ...error, path: `${path}${error.path}` }))
}
