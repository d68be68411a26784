import { tables } from './0001-tables.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  /** Statements, given the quoted schema; all of them in one transaction. */
  readonly statements: (schema: string) => readonly string[]
}

/** Forward only: what has been released is never edited. */
export const migrations: readonly Migration[] = [{ version: 1, name: 'tables', statements: tables }]

export const knownVersion = migrations.at(-1)?.version ?? 0
