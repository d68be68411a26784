import type { SourceSpec } from '../core/source-spec.ts'
import { compileKeptHeaders } from './kept-headers.ts'
import { compileLocators, type Locate } from './locators.ts'
import type { IncomingRequest } from './request.ts'

/** What is worth working out once per source and not per request. */
export interface SourcePlan {
  readonly locate: Locate
  readonly keptHeaders: (request: IncomingRequest) => Readonly<Record<string, string>>
}

/** Specifications are never changed in place, so a plan holds as long as its specification is in use. */
const plans = new WeakMap<SourceSpec, SourcePlan>()

export function planOf(spec: SourceSpec): SourcePlan {
  const known = plans.get(spec)
  if (known) return known
  const plan = { locate: compileLocators(spec), keptHeaders: compileKeptHeaders(spec.forwardHeaders) }
  plans.set(spec, plan)
  return plan
}
