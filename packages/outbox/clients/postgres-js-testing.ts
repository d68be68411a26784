import postgres from 'postgres'
import { fromPostgresJs } from '../src/clients/postgres-js.ts'
import type { ClientUnderTest } from '../src/testing/client.ts'

export async function open(databaseUrl: string): Promise<ClientUnderTest<postgres.TransactionSql>> {
  const host = decodeURIComponent(new URL(databaseUrl).hostname)
  const sql = postgres(databaseUrl, { host, max: 4, onnotice: () => undefined })
  return {
    db: fromPostgresJs(sql),
    transaction: async <Result>(work: (tx: postgres.TransactionSql) => Promise<Result>) =>
      (await sql.begin(work)) as Result,
    nested: async (tx, work) => {
      await tx.savepoint(work)
    },
    insertOrder: async (tx, id) => {
      await tx`insert into orders ${tx({ id })}`
    },
    orderIds: async () =>
      (await sql<{ id: string }[]>`select id from orders order by id`).map(({ id }) => id),
    close: () => sql.end(),
  }
}
