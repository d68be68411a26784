import { eventTime } from '../core/ids.ts'
import { alongSortedIndexes, transaction, type Pool } from '../store/database.ts'
import { findOldestWaiting } from '../store/statistics.ts'

/** Where the last look found the oldest, and since when looks have begun there. */
interface Mark {
  readonly seq: number
  readonly eventId: string
  readonly sinceMs: number
}

const begin = `begin read only; set local statement_timeout = 200; ${alongSortedIndexes}`

/** A retried dead letter appears before the mark, so that now and then a look begins at the beginning. */
const markMs = 60_000

/** How long the oldest delivery of each integration has waited. */
export class OldestWaiting {
  readonly #pool: Pool
  readonly #marks = new Map<number, Mark>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Null: nothing waits, or it was not found in a reasonable time. */
  async ageMs(integrationId: number, now: Date): Promise<number | null> {
    const mark = this.#markOf(integrationId)
    const fromSeq = mark?.seq ?? 0
    const found = await transaction(
      this.#pool,
      (client) => findOldestWaiting(client, integrationId, fromSeq),
      begin,
    ).catch(() => mark)
    if (!found) {
      this.#marks.delete(integrationId)
      return null
    }
    this.#marks.set(integrationId, { ...found, sinceMs: mark?.sinceMs ?? performance.now() })
    return Math.max(0, now.getTime() - eventTime(found.eventId).getTime())
  }

  #markOf(integrationId: number): Mark | null {
    const mark = this.#marks.get(integrationId)
    return mark && performance.now() - mark.sinceMs < markMs ? mark : null
  }
}
