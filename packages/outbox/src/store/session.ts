import type { Executor, Value } from '../database.ts'

/** Where the tables are, and what runs statements there: the pool, or one transaction. */
export interface Session {
  /** Quoted, ready to stand before a table's name. */
  readonly schema: string
  query<Row>(text: string, values?: readonly Value[]): Promise<readonly Row[]>
}

export function openSession(executor: Executor, schemaName: string): Session {
  return {
    schema: `"${schemaName}"`,
    query: async <Row>(text: string, values: readonly Value[] = []) =>
      // The statement names its columns and their types; see `Executor`.
      (await executor.query(text, values)) as readonly Row[],
  }
}
