import knexClient, { type Knex } from 'knex'
import { fromKnex } from '../src/clients/knex.ts'
import type { ClientUnderTest } from '../src/testing/client.ts'

export async function open(databaseUrl: string): Promise<ClientUnderTest<Knex.Transaction>> {
  const knex = knexClient({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: 8 } })
  return {
    db: fromKnex(knex),
    transaction: (work) => knex.transaction(work),
    nested: async (tx, work) => {
      await tx.transaction(work)
    },
    insertOrder: async (tx, id) => {
      await tx('orders').insert({ id })
    },
    orderIds: async () =>
      (await knex<{ id: string }>('orders').select('id').orderBy('id')).map(({ id }) => id),
    close: () => knex.destroy(),
  }
}
