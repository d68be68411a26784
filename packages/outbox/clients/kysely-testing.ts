import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { fromKysely } from '../src/clients/kysely.ts'
import type { ClientUnderTest } from '../src/testing/client.ts'

interface Tables {
  orders: { id: string }
}

export async function open(databaseUrl: string): Promise<ClientUnderTest<Transaction<Tables>>> {
  const pool = new pg.Pool({ connectionString: databaseUrl })
  pool.on('error', () => undefined)
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return {
    db: fromKysely(db),
    transaction: (work) => db.transaction().execute(work),
    // Kysely nests only the transactions that it does not end itself; in the others one writes savepoints.
    nested: async (tx, work) => {
      await sql`savepoint inner_one`.execute(tx)
      try {
        await work(tx)
      } catch (error) {
        await sql`rollback to savepoint inner_one`.execute(tx)
        throw error
      }
    },
    insertOrder: async (tx, id) => {
      await tx.insertInto('orders').values({ id }).execute()
    },
    orderIds: async () =>
      (await db.selectFrom('orders').select('id').orderBy('id').execute()).map(({ id }) => id),
    close: () => db.destroy(),
  }
}
