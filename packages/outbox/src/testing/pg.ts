import pg from 'pg'
import { fromPg } from '../clients/pg.ts'
import type { ClientUnderTest } from './client.ts'

export async function open(databaseUrl: string): Promise<ClientUnderTest<pg.PoolClient>> {
  const pool = new pg.Pool({ connectionString: databaseUrl })
  pool.on('error', () => undefined)
  const transaction = async <Result>(work: (client: pg.PoolClient) => Promise<Result>) => {
    const client = await pool.connect()
    try {
      await client.query('begin')
      const result = await work(client)
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  }
  return {
    db: fromPg(pool),
    transaction,
    nested: async (client, work) => {
      await client.query('savepoint inner_one')
      try {
        await work(client)
        await client.query('release savepoint inner_one')
      } catch (error) {
        await client.query('rollback to savepoint inner_one')
        throw error
      }
    },
    insertOrder: async (client, id) => {
      await client.query('insert into orders (id) values ($1)', [id])
    },
    orderIds: async () =>
      (await pool.query<{ id: string }>('select id from orders order by id')).rows.map(({ id }) => id),
    close: () => pool.end(),
  }
}
