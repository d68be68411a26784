import pg from 'pg'

/** Every value of int8 here fits a double exactly: sequences, counts, sizes. */
const int8Oid = 20

export interface DatabaseOptions {
  readonly url: string
  readonly applicationName: string
  readonly maxConnections: number
}

export type Client = pg.ClientBase
export type Pool = pg.Pool

function clientConfig(options: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === int8Oid ? Number : pg.types.getTypeParser(oid, format ?? 'text'),
    } as pg.CustomTypesConfig,
  }
}

export function openPool(options: DatabaseOptions, onIdleError: (error: Error) => void): Pool {
  const pool = new pg.Pool({
    ...clientConfig(options),
    max: options.maxConnections,
    idleTimeoutMillis: 30_000,
  })
  // A connection that breaks while idle is replaced at the next use; without a listener it would end the process.
  pool.on('error', onIdleError)
  return pool
}

/** Runs `work` in one transaction. An error before COMMIT rolls back; the connection is dropped if it is broken. */
export async function transaction<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError))
    throw error
  } finally {
    client.release(broken)
  }
}
