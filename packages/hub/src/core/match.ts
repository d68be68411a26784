import { compileFilter, type FieldExplanation } from './filter.ts'
import type { IntegrationSpec } from './integration-spec.ts'
import { filterInput, type RoutableEvent } from './routing.ts'
import { compileTypePatterns } from './type-pattern.ts'

export interface MatchExplanation {
  readonly matched: boolean
  readonly source: PartExplanation
  readonly type: PartExplanation
  readonly filter: { readonly matched: boolean; readonly fields: readonly FieldExplanation[] }
}

export interface PartExplanation {
  readonly matched: boolean
  /** Null: anything. */
  readonly expected: readonly string[] | null
  readonly found: string
}

/** Why an integration wants an event or does not, part by part. */
export function explainMatch(spec: IntegrationSpec, event: RoutableEvent): MatchExplanation {
  const { sources, types } = spec
  const source = explainPart(sources, event.sourceName, (name) => sources?.includes(name) ?? true)
  const type = explainPart(types, event.type, types ? compileTypePatterns(types) : () => true)
  const filter = explainFilter(spec, event)
  return { matched: source.matched && type.matched && filter.matched, source, type, filter }
}

function explainPart(
  expected: readonly string[] | undefined,
  found: string,
  matches: (value: string) => boolean,
): PartExplanation {
  return { matched: matches(found), expected: expected ?? null, found }
}

function explainFilter({ filter }: IntegrationSpec, event: RoutableEvent): MatchExplanation['filter'] {
  if (filter === undefined) return { matched: true, fields: [] }
  const compiled = compileFilter(filter)
  // As in routing: a filter that no longer compiles wants nothing.
  if (!compiled.ok) return { matched: false, fields: [] }
  const input = filterInput(event)
  return { matched: compiled.matches(input), fields: compiled.explain(input) }
}
