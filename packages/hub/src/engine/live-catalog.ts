import { setTimeout as delay } from 'node:timers/promises'
import type { Catalog, Integration, Key, Source } from '../core/catalog.ts'
import { loadCatalog } from '../store/catalog.ts'
import { NoAnswerError } from '../store/client.ts'
import { readConfigVersion } from '../store/configuration.ts'
import type { Pool } from '../store/database.ts'
import type { SecretBox } from '../store/secrets.ts'
import { untilBeat } from './beat.ts'

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

/** Told of every new version, in order, before `refresh` resolves. */
export type CatalogListener = (index: CatalogIndex) => void

export interface LiveCatalogDeps {
  readonly pool: Pool
  readonly secrets: SecretBox
  /** The store could not be asked; what is in memory stays in force. */
  readonly onError: (error: unknown) => void
}

/** Alone, it is this node itself that changes the configuration; one may have come and not been seen yet. */
const pollMs = { alone: 1_000, shared: 500 }

/**
 * Reads come one after the other: as long as one hangs, a pause or a revoked key is not in force on this node, which goes
 * on sending. So its connection is given up soon, as often as there may be connections that hang; the last try is for a
 * store that works and is only slow.
 */
const hastyMs = [2_000, 2_000, 2_000]
const patientMs = 30_000

/** The configuration in memory, at most a second older than the store, of which it is told or else asks. */
export class LiveCatalog {
  readonly #deps: LiveCatalogDeps
  readonly #listeners = new Set<CatalogListener>()
  #current = indexCatalog({ version: 0, sources: [], integrations: [], keys: [] })
  #lastRead: Promise<void> = Promise.resolve()
  #nextRead: Promise<void> | null = null
  #started: Promise<void> | null = null
  #polling: Promise<void> | null = null
  #isShared = false
  /** Since the last poll. */
  #wasTold = false
  #stop = new AbortController()

  constructor(deps: LiveCatalogDeps) {
    this.#deps = deps
  }

  get current(): CatalogIndex {
    return this.#current
  }

  /** Calls the listener with every version to come; returns how to stop that. */
  subscribe(listener: CatalogListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): Promise<void> {
    return (this.#started ??= this.#begin())
  }

  async #begin(): Promise<void> {
    await this.refresh()
    this.#stop = new AbortController()
    this.#polling = this.#poll(this.#stop.signal)
  }

  async stop(): Promise<void> {
    await this.#started?.catch(() => undefined)
    this.#stop.abort()
    await this.#polling
    this.#started = null
  }

  /** Whether other nodes may change it. */
  share(isShared: boolean): void {
    this.#isShared = isShared
  }

  /** What was committed before the call is in force when it resolves. */
  refresh(): Promise<void> {
    // A read that is under way may have begun before the caller's change: only one that has yet to begin will do.
    if (this.#nextRead) return this.#nextRead
    const read = this.#lastRead.then(() => {
      this.#nextRead = null
      return this.#read()
    })
    this.#nextRead = read
    this.#lastRead = read.catch(() => undefined)
    return read
  }

  /** Of who asked the store for something else: an idle node need not ask once more. */
  versionSeen(version: number): void {
    this.#wasTold = true
    this.#refreshTo(version).catch(this.#deps.onError)
  }

  /** One look at the version; reads everything only when it changed. */
  async tick(): Promise<void> {
    try {
      await this.#refreshTo(await readConfigVersion(this.#deps.pool))
    } catch (error) {
      this.#deps.onError(error)
    }
  }

  async #refreshTo(version: number): Promise<void> {
    if (version !== this.#current.catalog.version) await this.refresh()
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = untilBeat(this.#isShared ? pollMs.shared : pollMs.alone)
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      if (!this.#wasTold) await this.tick()
      this.#wasTold = false
    }
  }

  async #read(): Promise<void> {
    const catalog = await this.#load()
    if (catalog.version === this.#current.catalog.version) return
    this.#current = indexCatalog(catalog)
    for (const listener of this.#listeners) listener(this.#current)
  }

  async #load(): Promise<Catalog> {
    const { pool, secrets, onError } = this.#deps
    for (const withinMs of hastyMs) {
      try {
        return await loadCatalog(pool, secrets, withinMs)
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error
        onError(error)
      }
    }
    return loadCatalog(pool, secrets, patientMs)
  }
}
