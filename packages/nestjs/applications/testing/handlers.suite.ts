import {
  type DomainEvent,
  DomainEventPublisher,
  EventSubscriberRegistry,
  InboxService,
  InjectOutbox,
  IntegrationDeveloperApiService,
  IntegrationLinkService,
  IntegrationModule,
  LinkType,
  OnIntegrationEvent,
  OutboxProcessor,
  type SubscriberContext,
} from '@integration-hub/nestjs'
import { fromPg, type Outbox } from '@integration-hub/outbox'
import { Injectable, Module, Scope, type Type } from '@nestjs/common'
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { inTransaction, invoiceCreated, newSchema, openPool, shared, startContext } from './support.js'

const pool = openPool()

before(() => pool.query('drop table if exists tasks; create table tasks (title text primary key)'))
after(() => pool.end())

async function start(providers: Type[]) {
  const schema = newSchema()

  @Module({
    imports: [IntegrationModule.forRoot({ db: fromPg(pool), schema, ...shared, autoStart: false })],
    providers,
  })
  class App {}

  const app = await startContext(App)
  return {
    app,
    schema,
    api: app.get<IntegrationDeveloperApiService>(IntegrationDeveloperApiService),
    drain: () => app.get(OutboxProcessor).startupDrain(),
  }
}

it('gives events to decorated methods, with what was injected, in the order of their priorities', async () => {
  @Injectable()
  class Journal {
    readonly lines: string[] = []
  }

  @Injectable()
  class Operations {
    constructor(private readonly journal: Journal) {}

    @OnIntegrationEvent('invoice.created', { consumerName: 'operations', priority: 1 })
    @OnIntegrationEvent('invoice.cancelled', { consumerName: 'operations' })
    async onInvoice(event: DomainEvent<{ amount: number }>, ctx: SubscriberContext): Promise<void> {
      await ctx.tx.query('insert into tasks (title) values ($1)', [
        `${event.eventName} ${event.payload.amount}`,
      ])
      this.journal.lines.push(`operations ${event.aggregateId}`)
    }

    @OnIntegrationEvent('**', { consumerName: 'audit', priority: 10, mode: 'lease' })
    onAnything(event: DomainEvent, ctx: SubscriberContext): void {
      this.journal.lines.push(`audit ${event.aggregateId} ${ctx.tx}`)
    }
  }

  const { app, api, drain } = await start([Journal, Operations])
  await api.publishEvent(invoiceCreated('1', 5))
  await drain()
  await api.publishEvent({ ...invoiceCreated('2', 6), eventName: 'invoice.cancelled' })
  await drain()
  assert.deepEqual(app.get(Journal).lines, [
    'audit 1 undefined',
    'operations 1',
    'audit 2 undefined',
    'operations 2',
  ])
  const { rows } = await pool.query('select title from tasks order by title')
  assert.deepEqual(rows, [{ title: 'invoice.cancelled 6' }, { title: 'invoice.created 5' }])
  await app.close()
})

it('refuses decorators that can not work, by class and method, before anything starts', async () => {
  @Injectable()
  class Nameless {
    @OnIntegrationEvent('invoice.created', { consumerName: '' })
    onInvoice(): void {}
  }

  @Injectable()
  class Overlapping {
    @OnIntegrationEvent('invoice.created', { consumerName: 'both' })
    one(): void {}

    @OnIntegrationEvent('invoice.*', { consumerName: 'both' })
    other(): void {}
  }

  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {
    @OnIntegrationEvent('invoice.created', { consumerName: 'request' })
    onInvoice(): void {}
  }

  @Injectable({ scope: Scope.TRANSIENT })
  class PerUse {
    @OnIntegrationEvent('invoice.created', { consumerName: 'use' })
    onInvoice(): void {}
  }

  await assert.rejects(start([Nameless]), { field: 'consumerName', message: /Nameless\.onInvoice/ })
  await assert.rejects(start([Overlapping]), { field: 'eventName', message: /Overlapping\.other/ })
  await assert.rejects(start([PerRequest]), { field: 'handler', message: /PerRequest\.onInvoice/ })
  await assert.rejects(start([PerUse]), { field: 'handler', message: /PerUse\.onInvoice/ })
})

it('refuses events and links by the name of what is wrong, and writes nothing', async () => {
  const { app, api, schema } = await start([])
  const valid = invoiceCreated('1')
  const circular: Record<string, unknown> = {}
  circular['itself'] = circular
  const wrong: [object, string][] = [
    [{ ...valid, aggregateId: undefined }, 'aggregateId'],
    [{ ...valid, eventName: '' }, 'eventName'],
    [{ ...valid, payload: { at: { deep: 1n } } }, 'payload.at.deep'],
    [{ ...valid, payload: circular }, 'payload.itself'],
    [{ ...valid, metadata: 'none' }, 'metadata'],
  ]
  for (const [event, field] of wrong) await assert.rejects(api.publishEvent(event as never), { field })
  await assert.rejects(api.publishEvents([valid, wrong[0]?.[0]] as never), { field: 'events[1].aggregateId' })
  await assert.rejects(api.publishEvents('none' as never), { field: 'events' })
  await assert.rejects(api.publishEvent(null as never), { field: 'event' })
  await assert.rejects(api.createLink({ sourceModule: 'finance' } as never), { field: 'sourceEntityType' })
  assert.throws(() => api.subscribe({ eventName: 'a', consumerName: 'b' } as never), { field: 'handler' })
  assert.throws(() => api.subscribe(undefined as never), { field: 'handler' })
  const { rows } = await pool.query(`select 1 from ${schema}.events`)
  assert.equal(rows.length, 0)
  await app.close()
})

it('publishes in the transaction that it is given, in either form', async () => {
  const { app, api, schema } = await start([])
  const publisher = app.get<DomainEventPublisher>(DomainEventPublisher)
  await assert.rejects(
    inTransaction(pool, async (tx) => {
      await api.publishEvent(invoiceCreated('rolled back'), { tx })
      throw new Error('changed my mind')
    }),
  )
  await inTransaction(pool, (tx) =>
    publisher.publishEvent(
      'invoice.created',
      'finance',
      'Invoice',
      '1',
      { amount: 1 },
      { by: 'test' },
      { tx },
    ),
  )
  const [second] = await publisher.publishEvents([invoiceCreated('2')])
  const bare = await publisher.publishEvent('invoice.seen', 'finance', 'Invoice', '3')
  assert.deepEqual(bare.payload, {})
  const { rows } = await pool.query(`select id, aggregate_id, metadata from ${schema}.events order by seq`)
  assert.deepEqual(
    rows.map((row) => row.aggregate_id),
    ['1', '2', '3'],
  )
  assert.deepEqual(rows[0].metadata, { by: 'test' })
  assert.equal(rows[1].id, second?.id)
  await app.close()
})

it('relates entities and finds them from either side', async () => {
  const { app, api } = await start([])
  const links = app.get<IntegrationLinkService>(IntegrationLinkService)
  const invoice = { module: 'finance', entityType: 'Invoice', entityId: '1' }
  const task = { module: 'operations', entityType: 'Task', entityId: '7' }
  const link = await api.createLink({
    sourceModule: 'finance',
    sourceEntityType: 'Invoice',
    sourceEntityId: '1',
    targetModule: 'operations',
    targetEntityType: 'Task',
    targetEntityId: '7',
    linkType: LinkType.CASCADE,
    metadata: { why: 'test' },
  })
  assert.deepEqual(await api.findLinksBySource(invoice), [link])
  assert.deepEqual(await api.findLinksByTarget(task), [link])
  assert.deepEqual(await api.findLinksByTarget(invoice), [])
  assert.deepEqual(await api.findLinksByType(LinkType.CASCADE), [link])
  assert.deepEqual(await links.findBidirectional(task, invoice), [link])
  await assert.rejects(
    inTransaction(pool, async (tx) => {
      await links.createLink({ ...link, targetEntityId: '8' }, { tx })
      assert.equal((await links.findOutbound('finance', 'Invoice', '1', { tx })).length, 2)
      throw new Error('changed my mind')
    }),
    { message: 'changed my mind' },
  )
  assert.equal((await links.findInbound('operations', 'Task', '8')).length, 0)
  await app.close()
})

it('shows the registry, the inbox and the outbox itself', async () => {
  @Injectable()
  class Curious {
    constructor(@InjectOutbox() readonly outbox: Outbox<Record<string, unknown>, unknown>) {}
  }

  const { app, api, drain } = await start([Curious])
  const registry = app.get<EventSubscriberRegistry>(EventSubscriberRegistry)
  registry.subscribe('invoice.created', 'second', () => undefined)
  registry.registerHandler({
    eventName: 'invoice.*',
    consumerName: 'first',
    priority: 10,
    handler: (_event, ctx) => ctx.skip('not ours'),
  })
  registry.subscribeMany([{ eventName: 'order.*', consumerName: 'third', handler: () => undefined }])
  assert.deepEqual(
    registry.getHandlers('invoice.created').map(({ consumerName }) => consumerName),
    ['first', 'second'],
  )
  assert.equal(registry.getHandlerCount(), 3)
  assert.deepEqual(registry.getEventNames(), ['invoice.created', 'invoice.*', 'order.*'])
  const { id } = await api.publishEvent(invoiceCreated('1'))
  await drain()
  const inbox = app.get(InboxService)
  assert.equal(await inbox.isProcessed(id, 'second'), true)
  assert.equal(await inbox.isProcessed(id, 'first'), false)
  const [skipped] = await inbox.find({ consumerName: 'first' })
  assert.deepEqual([skipped?.state, skipped?.skipReason], ['skipped', 'not ours'])
  assert.equal(await app.get(OutboxProcessor).processBatch(), 0)
  await app.get(Curious).outbox.settings.set('maxAttempts', 7)
  assert.equal(await app.get(Curious).outbox.settings.get('maxAttempts'), 7)
  registry.clear()
  assert.equal(registry.hasHandlers('invoice.created'), false)
  await app.close()
})

interface AppEvents {
  'invoice.created': { amount: number }
  'invoice.cancelled': { reason: string }
}

it('types names and payloads from one declared map', async () => {
  const { app } = await start([])
  const typed = app.get<IntegrationDeveloperApiService<AppEvents>>(IntegrationDeveloperApiService)
  const reasons: string[] = []
  typed.subscribe({
    eventName: 'invoice.cancelled',
    consumerName: 'typed',
    handler: (event) => void reasons.push(event.payload.reason),
  })
  // @ts-expect-error there is no such event
  typed.subscribe({ eventName: 'invoice.paid', consumerName: 'wrong', handler: () => undefined })
  await typed.publishEvent({ ...invoiceCreated('1'), eventName: 'invoice.created' })
  // @ts-expect-error the payload is that of another event
  await typed.publishEvent({ ...invoiceCreated('1'), eventName: 'invoice.cancelled' })
  await app.close()
})
