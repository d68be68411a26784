import type { Database, Executor, Value } from '../database.ts'
import { kyselyExecutor, type KyselyQueryable } from './kysely.ts'

interface MikroOrmManager {
  fork(): this
  flush(): Promise<void>
  clear(): void
  getTransactionContext(): unknown
  getConnection(): { getClient(): KyselyQueryable }
  transactional<Result>(work: (em: this) => Promise<Result>): Promise<Result>
}

/** MikroORM 7 for PostgreSQL. A transaction is the entity manager that `em.transactional(async (em) => …)` gives. */
export function fromMikroOrm<Manager extends MikroOrmManager>(orm: {
  readonly em: Manager
}): Database<Manager> {
  const { em } = orm
  return {
    query: (text, values) => kyselyExecutor(em.getConnection().getClient()).query(text, values),
    within,
    transaction: (work) => em.fork().transactional(work),
  }
}

function within<Manager extends MikroOrmManager>(em: Manager): Executor {
  return {
    query: async (text: string, values: readonly Value[]) => {
      // What is still in the unit of work belongs to before the savepoint, or is undone with it.
      if (text.startsWith('savepoint')) await em.flush()
      if (text.startsWith('rollback to savepoint')) em.clear()
      const transaction = em.getTransactionContext() as KyselyQueryable | undefined
      return kyselyExecutor(transaction ?? em.getConnection().getClient()).query(text, values)
    },
  }
}
