import type { Database } from '../database.ts'

/** An application with one table, `orders (id text primary key)`, and one database client; the suite asks all of it. */
export interface ClientUnderTest<Tx> {
  readonly db: Database<Tx>
  /** A transaction in the client's own words, as applications write it. */
  transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>
  /** A transaction inside another, in the client's own words. */
  nested(tx: Tx, work: (tx: Tx) => Promise<void>): Promise<void>
  /** Writes a row with the client's own API; fails if it is there already. */
  insertOrder(tx: Tx, id: string): Promise<void>
  orderIds(): Promise<string[]>
  close(): Promise<void>
}

/** What a module of a client under test exports; child processes of the suite load it too. */
export interface ClientModule<Tx> {
  open(databaseUrl: string): Promise<ClientUnderTest<Tx>>
}

export const ordersTable = 'create table orders (id text primary key)'
