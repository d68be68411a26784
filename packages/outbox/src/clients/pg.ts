import type { Database, Executor, Value } from '../database.ts'

interface PgQueryable {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

interface PgClient extends PgQueryable {
  /** From 8.17 on. */
  getTransactionStatus?(): string | null
  release(error?: Error | boolean): void
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

interface PgPool<Client extends PgClient> extends PgQueryable {
  // Both overloads of `pg`, so that the type of its client can be read from them.
  connect: { (): Promise<Client>; (callback: never): void }
  readonly options?: { readonly max?: number | undefined }
}

/** A pool of node-postgres. A transaction is one of its clients, with `begin` already sent. */
export function fromPg<Client extends PgClient>(pool: PgPool<Client>): Database<Client> {
  return {
    ...executor(pool),
    connections: pool.options?.max,
    within: executor,
    hasEnded,
    transaction: (work) => transact(pool, work),
  }
}

function hasEnded(client: PgClient): boolean | undefined {
  const status = client.getTransactionStatus?.() ?? null
  return status === null ? undefined : status === 'I'
}

function executor(queryable: PgQueryable): Executor {
  return {
    query: async (text: string, values: readonly Value[]) => (await queryable.query(text, [...values])).rows,
  }
}

async function transact<Client extends PgClient, Result>(
  pool: PgPool<Client>,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  // A connection that breaks while nothing is asked of it says so here only, and would end the process.
  const onError = () => undefined
  client.on('error', onError)
  let broken: Error | undefined
  try {
    await client.query('begin', [])
    const result = await work(client)
    await client.query('commit', [])
    return result
  } catch (error) {
    await client.query('rollback', []).catch((reason: Error) => (broken = reason))
    throw error
  } finally {
    client.removeListener('error', onError)
    client.release(broken)
  }
}
