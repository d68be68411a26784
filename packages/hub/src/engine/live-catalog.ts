import type { Catalog, Integration, Key, Source } from '../core/catalog.ts'

/** One version of the configuration, with the look-ups that requests need. */
export interface CatalogIndex {
  readonly catalog: Catalog
  readonly sourceByName: ReadonlyMap<string, Source>
  readonly sourceById: ReadonlyMap<number, Source>
  readonly integrationByName: ReadonlyMap<string, Integration>
  readonly integrationById: ReadonlyMap<number, Integration>
  readonly keyByHash: ReadonlyMap<string, Key>
}

export function indexCatalog(catalog: Catalog): CatalogIndex {
  return {
    catalog,
    sourceByName: new Map(catalog.sources.map((source) => [source.name, source])),
    sourceById: new Map(catalog.sources.map((source) => [source.id, source])),
    integrationByName: new Map(catalog.integrations.map((integration) => [integration.name, integration])),
    integrationById: new Map(catalog.integrations.map((integration) => [integration.id, integration])),
    keyByHash: new Map(catalog.keys.map((key) => [key.hash, key])),
  }
}
