import type { Database, Executor, Value } from '../database.ts'

export interface KyselyQueryable {
  executeQuery(query: never): Promise<{ readonly rows: readonly unknown[] }>
}

interface KyselyDatabase<Tx extends KyselyQueryable> extends KyselyQueryable {
  transaction(): { execute<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> }
}

/** Kysely with its dialect for PostgreSQL. A transaction is what `db.transaction().execute(async (tx) => …)` gives. */
export function fromKysely<Tx extends KyselyQueryable>(db: KyselyDatabase<Tx>): Database<Tx> {
  return {
    ...kyselyExecutor(db),
    within: kyselyExecutor,
    transaction: (work) => db.transaction().execute(work),
  }
}

export function kyselyExecutor(queryable: KyselyQueryable): Executor {
  return {
    query: async (text: string, values: readonly Value[]) =>
      (await queryable.executeQuery(statement(text, values) as never)).rows,
  }
}

let statements = 0

/** What `CompiledQuery.raw` makes; that one would have to be imported from the application's copy of Kysely. */
function statement(text: string, values: readonly Value[]) {
  statements += 1
  return {
    sql: text,
    parameters: values,
    query: { kind: 'RawNode', sqlFragments: [text], parameters: [] },
    queryId: { queryId: `outbox-${statements}` },
  }
}
