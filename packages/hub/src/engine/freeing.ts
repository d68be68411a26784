import { setTimeout as delay } from 'node:timers/promises'
import { CommitUnknownError } from '../store/database.ts'
import type { Telemetry } from './telemetry.ts'

/** A millisecond or two of the store's time: what healthy targets wait for goes between. */
const sliceRows = 250
const retryMs = 250

export interface FreeingDeps {
  readonly freeRows: (integrationId: number, seqs: readonly number[], epoch: number) => Promise<void>
  readonly owns: (epoch: number) => boolean
  readonly abandonEpoch: (epoch: number) => void
  readonly telemetry: Telemetry
}

/** Gives deliveries back to the queue, one slice at a time of all lanes: many may fail in the same moment. */
export class Freeing {
  readonly #deps: FreeingDeps
  #last: Promise<void> = Promise.resolve()

  constructor(deps: FreeingDeps) {
    this.#deps = deps
  }

  /** Resolves when they are free, or the epoch is over and with it the ownership. */
  async free(integrationId: number, seqs: readonly number[], epoch: number): Promise<void> {
    for (let from = 0; from < seqs.length; from += sliceRows) {
      const slice = seqs.slice(from, from + sliceRows)
      this.#last = this.#last.then(() => this.#freeSlice(integrationId, slice, epoch))
      await this.#last
    }
  }

  async #freeSlice(integrationId: number, seqs: readonly number[], epoch: number): Promise<void> {
    while (this.#deps.owns(epoch)) {
      try {
        return await this.#deps.freeRows(integrationId, seqs, epoch)
      } catch (error) {
        this.#deps.telemetry.emit('storeDown', { during: 'free', error })
        // They may be free, and claimed again, even by this node: then they must not be freed once more.
        if (error instanceof CommitUnknownError) return this.#deps.abandonEpoch(epoch)
        await delay(retryMs)
      }
    }
  }
}
