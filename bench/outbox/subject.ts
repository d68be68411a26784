import type pg from 'pg'

/** Something that takes facts in the application's transactions and hands them to a handler. */
export interface OutboxSubject {
  readonly name: string
  /** Makes its tables. */
  prepare(): Promise<void>
  /** Takes one fact, in the transaction of the client. */
  enqueue(tx: pg.PoolClient, fact: Fact): Promise<void>
  /** Calls the handler for each fact until it is stopped. */
  start(handler: (fact: Fact) => void): Promise<void>
  stop(): Promise<void>
}

export interface Fact {
  readonly number: number
  readonly text: string
}

/** About half a kilobyte. */
export function factOf(number: number): Fact {
  return { number, text: 'x'.repeat(500) }
}
