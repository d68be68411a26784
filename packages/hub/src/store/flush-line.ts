import type { PoolClient } from 'pg'
import { beginning, sendBurst, type Beginning, type BurstResult, type Flush } from './burst.ts'
import { committed, rollBack, type Client, type Pool } from './database.ts'

/** A transaction under way, and what the statements that it began with found. */
interface Begun {
  readonly begin: Beginning
  readonly client: PoolClient
  readonly found: readonly BurstResult[]
}

/**
 * Flushes that follow one another: the beginning of the next goes out with the end of the one before, so that under
 * load a flush is one round trip. It waited longer for its turn in the event loop than for the store: at 64 connections
 * that was a quarter of the rate.
 */
export class FlushLine {
  readonly #pool: Pool
  #begun: Begun | null = null

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /**
   * Runs one transaction. `takeNext` is asked just before the end is sent: the beginning that it gives must be that of
   * the next `run`, which must come at once, as its transaction is open from then on.
   */
  async run<T>(
    begin: Beginning,
    work: (client: Client, found: readonly BurstResult[]) => Promise<Flush<T>>,
    takeNext: () => Beginning | null,
  ): Promise<T> {
    const { client, found } = (await this.#takeBegun(begin)) ?? (await this.#begin(begin))
    let broken: Error | undefined
    try {
      const { value, last } = await work(client, found)
      broken = await this.#end(client, last, takeNext())
      return value
    } catch (error) {
      broken = await rollBack(client, error)
      throw error
    } finally {
      if (!this.#begun) client.release(broken)
    }
  }

  /** What was begun for another batch has that one's epoch and its `seq`. */
  async #takeBegun(begin: Beginning): Promise<Begun | null> {
    const begun = this.#begun
    this.#begun = null
    if (!begun || begun.begin === begin) return begun
    begun.client.release(await rollBack(begun.client, null))
    return null
  }

  async #begin(begin: Beginning): Promise<Begun> {
    const client = await this.#pool.connect()
    try {
      const results = await sendBurst(client, beginning(begin))
      return { begin, client, found: results.slice(-begin.first.length) }
    } catch (error) {
      client.release(await rollBack(client, error))
      throw error
    }
  }

  /** Returns why the connection cannot be used again, if so. */
  async #end(
    client: PoolClient,
    last: Flush<unknown>['last'],
    next: Beginning | null,
  ): Promise<Error | undefined> {
    let isCommitted = false
    const statements = [...last, { sql: 'commit' }, ...(next ? beginning(next) : [])]
    const sent = sendBurst(client, statements, () => (isCommitted = true))
    try {
      await committed(sent)
      // Of a transaction that had failed before COMMIT says ROLLBACK, which is no error.
      if (!isCommitted) throw new Error('the transaction was rolled back')
      if (next) this.#begun = { begin: next, client, found: (await sent).slice(-next.first.length) }
      return undefined
    } catch (error) {
      // Only the beginning of the next failed, which begins again by itself: this one is on disk.
      if (!isCommitted) throw error
      return rollBack(client, error)
    }
  }
}
