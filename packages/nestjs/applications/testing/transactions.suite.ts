// With @nestjs-cls/transactional nobody passes a transaction by hand, and everybody takes part in the right one.
import { fromPg } from '@integration-hub/outbox'
import {
  type DomainEvent,
  IntegrationDeveloperApiService,
  IntegrationModule,
  LinkType,
  OnIntegrationEvent,
  type SubscriberContext,
} from '@integration-hub/nestjs'
import { type IntegrationTesting, integrationTesting } from '@integration-hub/nestjs/testing'
import { ClsPluginTransactional, Transactional, TransactionHost } from '@nestjs-cls/transactional'
import { Injectable, type INestApplicationContext, Module } from '@nestjs/common'
import { ClsModule } from 'nestjs-cls'
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type pg from 'pg'
import { inTransaction, invoiceCreated, newSchema, openPool, shared, startContext, until } from './support.js'

const pool = openPool()

/** The adapter that such applications write, or install, for their client. */
const adapter = {
  connection: pool,
  supportsTransactionProxy: false,
  optionsFactory: (connection: pg.Pool) => ({
    wrapWithTransaction: (
      _options: object,
      work: (...args: never[]) => Promise<unknown>,
      setTx: (tx?: pg.Pool | pg.PoolClient) => void,
    ) =>
      inTransaction(connection, (tx) => {
        setTx(tx)
        return work()
      }),
    getFallbackInstance: (): pg.Pool | pg.PoolClient => connection,
  }),
}

@Injectable()
class Notes {
  constructor(private readonly host: TransactionHost<typeof adapter>) {}

  async add(text: string): Promise<void> {
    await this.host.tx.query('insert into notes (text) values ($1)', [text])
  }
}

@Injectable()
class Finance {
  constructor(
    private readonly notes: Notes,
    private readonly api: IntegrationDeveloperApiService,
  ) {}

  @Transactional()
  async create(id: string, meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    await this.notes.add(`invoice ${id}`)
    await this.api.publishEvent(invoiceCreated(id))
    await this.api.createLink({ ...link, sourceEntityId: id })
    assert.equal((await this.api.findLinksBySource({ ...invoice, entityId: id })).length, 1)
    await meanwhile()
  }
}

@Injectable()
class Operations {
  failures = 0
  readonly leased: boolean[] = []

  constructor(
    private readonly notes: Notes,
    private readonly api: IntegrationDeveloperApiService,
    private readonly host: TransactionHost<typeof adapter>,
  ) {}

  @OnIntegrationEvent('invoice.created', { consumerName: 'operations' })
  async onInvoice(event: DomainEvent, { tx }: SubscriberContext): Promise<void> {
    assert.equal(this.host.tx, tx)
    await this.notes.add(`task for ${event.aggregateId}`)
    await this.api.publishEvent({ ...invoiceCreated(event.aggregateId), eventName: 'task.created' })
    if (this.failures > 0) {
      this.failures -= 1
      throw new Error('not this time')
    }
  }

  @OnIntegrationEvent('invoice.created', { consumerName: 'caller', mode: 'lease' })
  onInvoiceOutside(): void {
    this.leased.push(this.host.isTransactionActive())
  }
}

const invoice = { module: 'finance', entityType: 'Invoice', entityId: '' }
const link = {
  sourceModule: 'finance',
  sourceEntityType: 'Invoice',
  sourceEntityId: '',
  targetModule: 'operations',
  targetEntityType: 'Task',
  targetEntityId: '1',
  linkType: LinkType.REFERENCE,
}

async function start(autoStart: boolean): Promise<[INestApplicationContext, IntegrationTesting]> {
  await pool.query('truncate notes')

  @Module({
    imports: [
      ClsModule.forRoot({ global: true, plugins: [new ClsPluginTransactional({ adapter })] }),
      IntegrationModule.forRootAsync({
        inject: [TransactionHost],
        useFactory: (transactionHost: TransactionHost) => ({
          db: fromPg(pool),
          schema: newSchema(),
          transactionHost,
          ...shared,
          autoStart,
        }),
      }),
    ],
    providers: [Notes, Finance, Operations],
  })
  class App {}

  const app = await startContext(App)
  return [app, await integrationTesting(app)]
}

async function written(): Promise<string[]> {
  const { rows } = await pool.query<{ text: string }>('select text from notes order by text')
  return rows.map(({ text }) => text)
}

before(() => pool.query('create table if not exists notes (text text)'))
after(() => pool.end())

it('publishes and links in the transaction that is open around the caller', async () => {
  const [app, testing] = await start(false)
  const finance = app.get(Finance)
  await assert.rejects(finance.create('1', () => Promise.reject(new Error('changed my mind'))))
  await testing.assertNotPublished()
  assert.deepEqual(await written(), [])
  await finance.create('2')
  await testing.assertPublished('invoice.created', { aggregateId: '2' })
  assert.deepEqual(await written(), ['invoice 2'])
  await app.close()
})

it('runs handlers in a transaction that repositories and publishing take part in', async () => {
  const [app, testing] = await start(false)
  app.get(Operations).failures = 1
  await app.get(Finance).create('1')
  await testing.flush()
  await testing.clock.advance(10)
  // The first attempt has left nothing: no note, no event.
  assert.deepEqual(await written(), ['invoice 1', 'task for 1'])
  const created = await testing.assertPublished('task.created')
  assert.equal(created.aggregateId, '1')
  await app.close()
})

it('keeps a transaction that is open from the handlers that its publishing wakes', async () => {
  const [app, testing] = await start(true)
  const operations = app.get(Operations)
  await app.get(Finance).create('1', async () => {
    // Another one commits while this transaction is open, and wakes the processor from within it.
    await app
      .get<IntegrationDeveloperApiService>(IntegrationDeveloperApiService)
      .publishEvent(invoiceCreated('2'), {
        tx: pool as never,
      })
    await until('the handlers of the other one have run', () => operations.leased.length === 1)
    await until('its task is there', async () => (await written()).includes('task for 2'))
  })
  await until('all handlers have run', () => operations.leased.length === 2)
  await testing.flush()
  assert.deepEqual(operations.leased, [false, false])
  await testing.assertNoFailures()
  assert.deepEqual(await written(), ['invoice 1', 'task for 1', 'task for 2'])
  await app.close()
})
