import pg from 'pg'
import { Problem } from '../core/problems.ts'
import { transaction, type Client, type Pool } from './database.ts'

const timeoutMs = 5_000

/**
 * One snapshot for everything a reader asks, so that nothing in it contradicts the rest. The tables of the hot path
 * grow and shrink by millions of rows within minutes, which statistics never follow: readers walk indexes too, in the
 * order of the index, and stop when they have enough.
 */
const begin = `begin isolation level repeatable read read only;
  set local statement_timeout = ${timeoutMs};
  set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off;
  set local enable_hashjoin = off; set local enable_mergejoin = off`

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
