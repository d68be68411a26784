import type { Integration } from '../../packages/hub/src/core/catalog.ts'
import type { CatalogIndex, CatalogListener } from '../../packages/hub/src/engine/live-catalog.ts'
import { indexCatalog } from '../../packages/hub/src/engine/live-catalog.ts'
import { time } from './virtual-time.ts'

/** The configuration of a schedule: its nodes hear of each change in the moment in which it is made. */
export class SimulatedCatalog {
  #current: CatalogIndex
  readonly #listeners = new Map<string, CatalogListener>()

  constructor(current: CatalogIndex) {
    this.#current = current
  }

  get current(): CatalogIndex {
    return this.#current
  }

  named(name: string): Integration {
    const found = this.#current.integrationByName.get(name)
    if (!found) throw new Error(`there is no integration ${name}`)
    return found
  }

  subscribe(node: string, listener: CatalogListener): () => void {
    this.#listeners.set(node, listener)
    return () => this.#listeners.delete(node)
  }

  /** It is gone and hears nothing more. */
  forget(node: string): void {
    this.#listeners.delete(node)
  }

  setPaused(name: string, paused: boolean): void {
    const { catalog } = this.#current
    const integrations = catalog.integrations.map((integration) =>
      integration.name === name ? { ...integration, spec: { ...integration.spec, paused } } : integration,
    )
    this.#current = indexCatalog({ ...catalog, integrations })
    for (const [node, listener] of this.#listeners) time.within(node, () => listener(this.#current))
  }
}
