import pg from 'pg'
import { Problem } from '../core/problems.ts'
import { transaction, type Client, type Pool } from './database.ts'

const timeoutMs = 5_000

/**
 * The tables of the hot path grow and shrink by millions of rows within minutes, which statistics never follow: whoever
 * walks them does so along an index, in its order, and stops when it has enough.
 */
export const alongIndexes = `
  set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off;
  set local enable_hashjoin = off; set local enable_mergejoin = off`

/** One snapshot for everything a reader asks, so that nothing in it contradicts the rest. */
const begin = `begin isolation level repeatable read read only;
  set local statement_timeout = ${timeoutMs}; ${alongIndexes}`

const queryCanceled = '57014'

export async function read<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await transaction(pool, work, begin)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== queryCanceled) throw error
    const advice = 'The store needs too long for this. Narrow it to one integration or a shorter time.'
    throw new Problem('overloaded', advice, { retryAfterSeconds: 5, cause: error })
  }
}
