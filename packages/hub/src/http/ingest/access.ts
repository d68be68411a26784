import type { Source } from '../../core/catalog.ts'
import { Problem } from '../../core/problems.ts'
import { forbidden, unauthorized, type Authenticate, type Principal } from '../auth.ts'
import type { CatalogPort } from '../context.ts'

/** Who may send at all: a key with the right to. */
export function demandSender(authenticate: Authenticate, key: string | null): Principal {
  const principal = key === null ? null : authenticate(key)
  if (!principal) throw unauthorized()
  if (!principal.scopes.has('events:send')) throw forbidden('events:send')
  return principal
}

export function demandSource(catalog: CatalogPort, name: string): Source {
  const source = catalog.current.sourceByName.get(name)
  if (!source) throw new Problem('unknown_source', `There is no source ${name}.`)
  return source
}

/** Whose events these are, as far as key and query tell; null leaves it to the events. */
export function sourceOfSender(
  catalog: CatalogPort,
  { sourceId }: Principal,
  named: string | undefined,
): Source | null {
  if (sourceId === null) return named === undefined ? null : demandSource(catalog, named)
  const own = catalog.current.sourceById.get(sourceId)
  if (!own) throw unauthorized()
  if (named !== undefined && named !== own.name) throw foreignKey(named)
  return own
}

export function demandOwnSource({ sourceId }: Principal, source: Source): void {
  if (sourceId !== null && sourceId !== source.id) throw foreignKey(source.name)
}

function foreignKey(name: string): Problem {
  return new Problem('forbidden', `This key is of another source than ${name}; use a key of ${name}.`)
}

/** The source that CloudEvents name themselves. */
export function sourceOfEvents(
  catalog: CatalogPort,
  events: readonly { readonly attributes: Readonly<Record<string, string>> }[],
): Source {
  const names = new Set(events.map(({ attributes }) => attributes['source']))
  const [name] = names
  if (names.size > 1) {
    const detail = 'The events of this batch have several sources: send one batch for each, or add ?source=.'
    throw new Problem('invalid_request', detail)
  }
  if (name === undefined)
    throw new Problem('invalid_request', 'Whose event is it? Add ?source=, or send it as a CloudEvent.')
  const source = catalog.current.sourceByName.get(name)
  if (source) return source
  throw new Problem('unknown_source', `There is no source ${name}; add ?source= to say whose event it is.`)
}
