import { after, before } from 'node:test'
import pg from 'pg'
import { fromPg } from '../clients/pg.ts'
import type { UndeclaredEvents } from '../core/event.ts'
import type { Mode } from '../core/subscription.ts'
import type { TransactionSubscription } from '../handler.ts'
import type { OutboxOptions } from '../options.ts'
import { createOutbox, type Outbox } from '../outbox.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

export type TestOutbox = Outbox<UndeclaredEvents, pg.PoolClient>
type Options = Partial<OutboxOptions<UndeclaredEvents, pg.PoolClient>>

/** Outboxes on node-postgres for the tests of one file, in one database. */
export class Outboxes {
  private database: TestDatabase | undefined
  private schemas = 0
  private readonly started: TestOutbox[] = []
  readonly warnings: string[] = []
  pool = new pg.Pool()

  constructor() {
    before(async () => {
      this.database = await createTestDatabase()
      this.pool = new pg.Pool({ connectionString: this.database.url })
      this.pool.on('error', () => undefined)
    })
    after(async () => {
      await Promise.all(this.started.map((outbox) => outbox.stop()))
      await this.pool.end()
      await this.database?.drop()
    })
  }

  get url(): string {
    return this.database?.url ?? ''
  }

  newSchema(): string {
    return `outbox_${(this.schemas += 1)}`
  }

  /** An outbox with tables of its own, unless it is given the schema of another. */
  async open({ schema = this.newSchema(), ...options }: Options = {}): Promise<TestOutbox> {
    const outbox = createOutbox<UndeclaredEvents, pg.PoolClient>({
      db: fromPg(this.pool),
      schema,
      logger: {
        warn: (message) => this.warnings.push(message),
        error: (message) => this.warnings.push(message),
      },
      ...options,
      settings: { 'retry.baseDelayMs': 0, ...options.settings },
    })
    await outbox.migrate()
    this.started.push(outbox)
    return outbox
  }

  async rows<Row extends pg.QueryResultRow>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(statement, values)).rows
  }
}

export function event(eventName: string, aggregateId = '1', payload: unknown = {}) {
  return { eventName, sourceModule: 'shop', aggregateType: 'Order', aggregateId, payload }
}

type InTransaction = TransactionSubscription<UndeclaredEvents, string, pg.PoolClient>

/** The same subscription in either mode, for what holds in both. */
export function inMode(mode: Mode, subscription: Omit<InTransaction, 'mode'>): InTransaction {
  return { ...subscription, mode: mode as 'transaction' }
}
