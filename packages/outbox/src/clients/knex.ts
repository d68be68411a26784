import type { Database, Executor, Value } from '../database.ts'

interface KnexQueryable {
  raw(text: string, bindings: never): PromiseLike<unknown>
}

interface KnexTransaction extends KnexQueryable {
  isCompleted(): boolean
}

interface KnexDatabase<Tx extends KnexTransaction> extends KnexQueryable {
  readonly client: unknown
  transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>
}

/** Knex with its `pg` client. A transaction is what `knex.transaction(async (trx) => …)` gives. */
export function fromKnex<Tx extends KnexTransaction>(knex: KnexDatabase<Tx>): Database<Tx> {
  return {
    ...executor(knex),
    connections: (knex.client as { readonly pool?: { readonly max?: number } } | undefined)?.pool?.max,
    within: executor,
    hasEnded: (tx) => tx.isCompleted(),
    transaction: (work) => knex.transaction(work),
  }
}

function executor(queryable: KnexQueryable): Executor {
  return {
    query: async (text: string, values: readonly Value[]) => {
      const result = await queryable.raw(...positional(text, values))
      return (result as { readonly rows: readonly unknown[] }).rows
    },
  }
}

/** Knex counts question marks where we number. */
function positional(text: string, values: readonly Value[]): [string, never] {
  const bindings: Value[] = []
  const counted = text.replaceAll(/\?|\$(\d+)/g, (found, number: string | undefined) => {
    if (number === undefined) return `\\${found}`
    bindings.push(values[Number(number) - 1] ?? null)
    return '?'
  })
  return [counted, bindings as never]
}
