import { filledAttributes, type AttributedEvent } from './attributes.ts'
import type { Integration } from './catalog.ts'
import { compileFilter, type Filter, type FilterInput } from './filter.ts'
import { parseForFilter } from './payload.ts'
import { compileTypePatterns } from './type-pattern.ts'

/** What routing looks at. */
export interface RoutableEvent extends AttributedEvent {
  readonly body: Buffer
}

interface Route {
  readonly integration: Integration
  readonly sources: ReadonlySet<string> | null
  readonly wantsType: (type: string) => boolean
  readonly filter: Filter | null
}

export type Router = (event: RoutableEvent) => readonly Integration[]

/** Compiles which integrations want which events. Integrations were checked when they were put. */
export function compileRouter(integrations: readonly Integration[]): Router {
  const routes = integrations.map(compileRoute)
  const bySource = new Map<string, readonly Route[]>()
  return (event) => {
    let candidates = bySource.get(event.sourceName)
    if (!candidates) {
      candidates = routes.filter(({ sources }) => sources === null || sources.has(event.sourceName))
      bySource.set(event.sourceName, candidates)
    }
    // Built once an event meets a filter, and shared by all of them: the payload is parsed at most once.
    let input: FilterInput | null = null
    const wanted: Integration[] = []
    for (const route of candidates) {
      if (!route.wantsType(event.type)) continue
      if (route.filter && !route.filter.matches((input ??= filterInput(event)))) continue
      wanted.push(route.integration)
    }
    return wanted
  }
}

/** Whether one integration wants an event. */
export function compileMatch(integration: Integration): (event: RoutableEvent) => boolean {
  const router = compileRouter([integration])
  return (event) => router(event).length > 0
}

export function filterInput(event: RoutableEvent): FilterInput {
  let parsed: { readonly value: unknown } | null = null
  return {
    attributes: filledAttributes(event),
    data: () => (parsed ??= { value: parseForFilter(event.body) }).value,
  }
}

function compileRoute(integration: Integration): Route {
  const { sources, types, filter } = integration.spec
  const compiled = filter === undefined ? null : compileFilter(filter)
  // A filter that no longer compiles, say after a downgrade, must not send everything.
  if (compiled && !compiled.ok)
    return { integration, sources: new Set(), wantsType: () => false, filter: null }
  return {
    integration,
    sources: sources ? new Set(sources) : null,
    wantsType: types ? compileTypePatterns(types) : () => true,
    filter: compiled,
  }
}
