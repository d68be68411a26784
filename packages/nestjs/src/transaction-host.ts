import type { Database } from '@integration-hub/outbox'

/** What is used of the `TransactionHost` of `@nestjs-cls/transactional`, whichever adapter it has. */
export interface TransactionHost<Tx> {
  readonly tx: Tx
  isTransactionActive(): boolean
  withTransaction<Result>(propagation: string, options: unknown, work: () => Promise<Result>): Promise<Result>
}

/**
 * The same database, but the transactions of handlers are made by the host: whatever asks the host for its transaction
 * inside of a handler, such as a repository, takes part in it.
 */
export function withHost<Tx>(db: Database<Tx>, host: TransactionHost<Tx>, options: object): Database<Tx> {
  return {
    query: (text, values) => db.query(text, values),
    within: (tx) => db.within(tx),
    // Of its own, because handlers are also started while somebody publishes.
    transaction: (work) => host.withTransaction('REQUIRES_NEW', options, () => work(host.tx)),
    hasEnded: (tx) => db.hasEnded?.(tx),
    connections: db.connections,
  }
}
