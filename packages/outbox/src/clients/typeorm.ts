import type { Database, Executor, Value } from '../database.ts'

interface TypeOrmQueryable {
  query(query: string, parameters?: unknown[]): Promise<unknown>
}

interface TypeOrmManager extends TypeOrmQueryable {
  readonly queryRunner?: { readonly isTransactionActive: boolean } | undefined
}

interface TypeOrmDataSource<Manager extends TypeOrmManager> extends TypeOrmQueryable {
  readonly manager: Manager
  transaction<Result>(work: (manager: Manager) => Promise<Result>): Promise<Result>
}

/** A data source of TypeORM. A transaction is its `EntityManager`, as `dataSource.transaction(async (manager) => …)` gives it. */
export function fromTypeOrm<Manager extends TypeOrmManager>(
  dataSource: TypeOrmDataSource<Manager>,
): Database<Manager> {
  return {
    ...executor(dataSource),
    within: executor,
    hasEnded: (manager) => (manager.queryRunner ? !manager.queryRunner.isTransactionActive : undefined),
    transaction: (work) => dataSource.transaction(work),
  }
}

function executor(queryable: TypeOrmQueryable): Executor {
  return {
    query: async (text: string, values: readonly Value[]) => rowsOf(await queryable.query(text, [...values])),
  }
}

/** After an update or delete TypeORM returns a pair, the rows and how many were affected. */
function rowsOf(result: unknown): readonly unknown[] {
  if (!Array.isArray(result)) return []
  const isPair = result.length === 2 && Array.isArray(result[0])
  return (isPair ? result[0] : result) as readonly unknown[]
}
