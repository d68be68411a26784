import { drizzle } from 'drizzle-orm/node-postgres'
import { pgTable, text } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { fromDrizzle } from '../src/clients/drizzle.ts'
import type { ClientUnderTest } from '../src/testing/client.ts'

const orders = pgTable('orders', { id: text().primaryKey() })

function connect(pool: pg.Pool) {
  return drizzle(pool, { schema: { orders } })
}
type Transaction = Parameters<Parameters<ReturnType<typeof connect>['transaction']>[0]>[0]

export async function open(databaseUrl: string): Promise<ClientUnderTest<Transaction>> {
  const pool = new pg.Pool({ connectionString: databaseUrl })
  pool.on('error', () => undefined)
  const db = connect(pool)
  return {
    db: fromDrizzle(db),
    transaction: (work) => db.transaction(work),
    nested: (tx, work) => tx.transaction(work),
    insertOrder: async (tx, id) => {
      await tx.insert(orders).values({ id })
    },
    orderIds: async () => (await db.select().from(orders).orderBy(orders.id)).map(({ id }) => id),
    close: () => pool.end(),
  }
}
