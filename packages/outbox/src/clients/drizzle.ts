import type { Database, Executor, Value } from '../database.ts'

interface DrizzleQueryable {
  execute(query: never): PromiseLike<unknown>
}

interface DrizzleDatabase<Tx extends DrizzleQueryable> extends DrizzleQueryable {
  transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>
}

/** Drizzle over node-postgres or postgres.js. A transaction is what `db.transaction(async (tx) => …)` gives. */
export function fromDrizzle<Tx extends DrizzleQueryable>(db: DrizzleDatabase<Tx>): Database<Tx> {
  return {
    ...executor(db),
    within: executor,
    transaction: (work) => db.transaction(work),
  }
}

function executor(queryable: DrizzleQueryable): Executor {
  return {
    query: async (text: string, values: readonly Value[]) =>
      rowsOf(await queryable.execute(statement(text, values) as never)),
  }
}

/**
 * A statement that is written already, in the form in which Drizzle asks statements for their text. Its own `sql` would
 * have to be imported from the application's copy of Drizzle, and expands arrays into lists of parameters.
 */
function statement(text: string, values: readonly Value[]) {
  const built = { toQuery: () => ({ sql: text, params: [...values], typings: [] }) }
  return { ...built, getSQL: () => built }
}

/** Of node-postgres a result, of postgres.js the rows. */
function rowsOf(result: unknown): readonly unknown[] {
  if (Array.isArray(result)) return result
  return (result as { readonly rows: readonly unknown[] }).rows
}
