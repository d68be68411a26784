import pg from 'pg'
import { Problem } from '../core/problems.ts'
import { alongSortedIndexes, transaction, type Client, type Pool } from './database.ts'

const timeoutMs = 5_000

/** One snapshot for everything a reader asks, so that nothing in it contradicts the rest. */
const begin = `begin isolation level repeatable read read only;
  set local statement_timeout = ${timeoutMs}; ${alongSortedIndexes}`

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
