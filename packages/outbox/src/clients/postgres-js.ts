import type { Database, Executor, Value } from '../database.ts'

interface PostgresJsQueryable {
  unsafe(
    query: string,
    values?: never[],
    options?: { readonly prepare?: boolean },
  ): PromiseLike<readonly unknown[]>
}

interface PostgresJsReserved extends PostgresJsQueryable {
  release(): void
}

interface PostgresJsSql<Tx extends PostgresJsQueryable> extends PostgresJsQueryable {
  readonly options: { readonly max: number }
  reserve(): Promise<PostgresJsReserved>
  // The last overload of `postgres`, so that the type of its transactions can be read from it.
  begin(options: string, work: (sql: Tx) => unknown): Promise<unknown>
}

/** postgres.js. A transaction is what `sql.begin(async (tx) => …)` gives. */
export function fromPostgresJs<Tx extends PostgresJsQueryable>(sql: PostgresJsSql<Tx>): Database<Tx> {
  return {
    ...executor(sql),
    connections: sql.options.max,
    within: executor,
    transaction: (work) => transact(sql, work),
  }
}

function executor(queryable: PostgresJsQueryable): Executor {
  return {
    query: async (text: string, values: readonly Value[]) =>
      queryable.unsafe(text, [...values] as never[], { prepare: values.length > 0 }),
  }
}

/** Not by `begin`: while all connections are taken, that lets statements of others in between. */
async function transact<Tx extends PostgresJsQueryable, Result>(
  sql: PostgresJsSql<Tx>,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  const reserved = await sql.reserve()
  try {
    await reserved.unsafe('begin')
    const result = await work(withSavepoints(reserved) as Tx)
    await reserved.unsafe('commit')
    return result
  } catch (error) {
    // On a connection that is gone there is nothing left to roll back.
    await Promise.resolve(reserved.unsafe('rollback')).catch(() => undefined)
    throw error
  } finally {
    reserved.release()
  }
}

type Work = (sql: unknown) => unknown

/** What a transaction of postgres.js has beyond a connection. */
function withSavepoints(reserved: PostgresJsReserved): unknown {
  let count = 0
  const savepoint = async (nameOrWork: string | Work, maybeWork?: Work): Promise<unknown> => {
    const [name, work] = typeof nameOrWork === 'string' ? [nameOrWork, maybeWork] : [undefined, nameOrWork]
    count += 1
    const quoted = `"s${count}${name === undefined ? '' : `_${name.replaceAll(/\W/g, '_')}`}"`
    await reserved.unsafe(`savepoint ${quoted}`)
    try {
      const result = await work?.(transaction)
      return await (Array.isArray(result) ? Promise.all(result) : result)
    } catch (error) {
      await reserved.unsafe(`rollback to savepoint ${quoted}`)
      throw error
    }
  }
  const transaction = Object.assign(reserved, { savepoint })
  return transaction
}
