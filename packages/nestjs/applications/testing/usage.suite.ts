// How modules use such services that come from an integration layer of their own: the names and the shapes they know, with
// a database client beside the transaction, handlers subscribed in `onModuleInit`, and queries of links.
import {
  type DomainEvent,
  IntegrationDeveloperApiService,
  IntegrationModule,
  LinkType,
  type SubscriberContext,
} from '@integration-hub/nestjs'
import { integrationTesting } from '@integration-hub/nestjs/testing'
import { fromPg } from '@integration-hub/outbox'
import { Injectable, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common'
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { newSchema, openPool, shared, startContext } from './support.js'

interface Row {
  readonly id: string
  readonly amount?: number
  readonly customerId?: string
  readonly status: string
}

/** Shaped like Prisma's delegates. */
function delegate(pool: ReturnType<typeof openPool>, table: string) {
  return {
    create: async ({ data }: { data: object }): Promise<Row> => {
      const values = [table, JSON.stringify({ status: 'OPEN', ...data })]
      const { rows } = await pool.query(
        `insert into entities (kind, data) values ($1, $2::json) returning id::text, data`,
        values,
      )
      return { ...rows[0].data, id: rows[0].id }
    },
    update: async ({ where, data }: { where: { id: string }; data: object }): Promise<void> => {
      await pool.query('update entities set data = data || $2::jsonb where id::text = $1', [
        where.id,
        JSON.stringify(data),
      ])
    },
    findMany: async (): Promise<Row[]> => {
      const { rows } = await pool.query('select id::text, data from entities where kind = $1', [table])
      return rows.map(({ id, data }) => ({ ...data, id }))
    },
  }
}

@Injectable()
class PrismaService implements OnModuleInit, OnModuleDestroy {
  readonly pool = openPool()
  readonly invoice = delegate(this.pool, 'invoice')
  readonly task = delegate(this.pool, 'task')

  async onModuleInit(): Promise<void> {
    await this.pool.query(
      'drop table if exists entities; create table entities (id serial primary key, kind text, data jsonb)',
    )
  }

  async onModuleDestroy(): Promise<void> {
    await this.pool.end()
  }
}

@Injectable()
class InvoiceService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly integrationApi: IntegrationDeveloperApiService,
  ) {}

  async createInvoice(data: object): Promise<Row> {
    const invoice = await this.prisma.invoice.create({ data })
    await this.integrationApi.publishEvent({
      eventName: 'invoice.created',
      sourceModule: 'finance',
      aggregateType: 'Invoice',
      aggregateId: invoice.id,
      payload: { invoiceId: invoice.id, amount: invoice.amount, customerId: invoice.customerId },
      metadata: { producer: 'finance' },
    })
    return invoice
  }

  async cancelInvoice(invoiceId: string): Promise<void> {
    await this.prisma.invoice.update({ where: { id: invoiceId }, data: { status: 'CANCELLED' } })
    await this.integrationApi.publishEvent({
      eventName: 'invoice.cancelled',
      sourceModule: 'finance',
      aggregateType: 'Invoice',
      aggregateId: invoiceId,
      payload: { invoiceId },
    })
  }
}

@Injectable()
class OperationsEventHandlers implements OnModuleInit {
  constructor(
    private readonly prisma: PrismaService,
    private readonly integrationApi: IntegrationDeveloperApiService,
  ) {}

  onModuleInit(): void {
    this.integrationApi.subscribe({
      eventName: 'invoice.created',
      consumerName: 'operations-module',
      priority: 10,
      handler: async (event: DomainEvent, context: SubscriberContext) => {
        await this.onInvoiceCreated(event, context)
      },
    })
    this.integrationApi.subscribe({
      eventName: 'invoice.cancelled',
      consumerName: 'operations-module',
      priority: 10,
      handler: async (event: DomainEvent, context: SubscriberContext) => {
        await this.onInvoiceCancelled(event, context)
      },
    })
  }

  private async onInvoiceCreated(event: DomainEvent, context: SubscriberContext): Promise<void> {
    context.logger.log(`A task for invoice ${event.aggregateId}`)
    const { invoiceId, customerId, amount } = event.payload
    const task = await this.prisma.task.create({
      data: { title: `${customerId} ${amount}`, status: 'PENDING' },
    })
    await context.linkService.createLink({
      sourceModule: 'finance',
      sourceEntityType: 'Invoice',
      sourceEntityId: invoiceId,
      targetModule: 'operations',
      targetEntityType: 'Task',
      targetEntityId: task.id,
      linkType: LinkType.CASCADE,
      metadata: { reason: 'workflow', invoiceAmount: amount },
    })
  }

  private async onInvoiceCancelled(event: DomainEvent, context: SubscriberContext): Promise<void> {
    const { invoiceId } = event.payload
    const links = await context.linkService.findOutbound('finance', 'Invoice', invoiceId)
    for (const link of links) {
      if (link.targetModule !== 'operations' || link.targetEntityType !== 'Task') continue
      await this.prisma.task.update({ where: { id: link.targetEntityId }, data: { status: 'CANCELLED' } })
    }
  }
}

@Injectable()
class InvoiceQueryService {
  constructor(private readonly integrationApi: IntegrationDeveloperApiService) {}

  async getRelatedTasks(invoiceId: string): Promise<string[]> {
    const links = await this.integrationApi.findLinksBySource({
      module: 'finance',
      entityType: 'Invoice',
      entityId: invoiceId,
    })
    return links.filter((link) => link.targetEntityType === 'Task').map((link) => link.targetEntityId)
  }

  async getSourceInvoice(taskId: string): Promise<string | null> {
    const links = await this.integrationApi.findLinksByTarget({
      module: 'operations',
      entityType: 'Task',
      entityId: taskId,
    })
    const invoiceLink = links.find(
      (link) => link.sourceModule === 'finance' && link.sourceEntityType === 'Invoice',
    )
    return invoiceLink?.sourceEntityId || null
  }
}

@Module({ providers: [PrismaService], exports: [PrismaService] })
class PrismaModule {}

@Module({ imports: [PrismaModule], providers: [InvoiceService, InvoiceQueryService] })
class FinanceModule {}

@Module({ imports: [PrismaModule], providers: [OperationsEventHandlers] })
class OperationsModule {}

it('serves modules by the names and shapes that they know', async () => {
  @Module({
    imports: [
      IntegrationModule.forRootAsync({
        imports: [PrismaModule],
        inject: [PrismaService],
        useFactory: ({ pool }: PrismaService) => ({ db: fromPg(pool), schema: newSchema(), ...shared }),
      }),
      FinanceModule,
      OperationsModule,
    ],
  })
  class App {}

  const app = await startContext(App)
  const integration = await integrationTesting(app)
  const invoice = await app.get(InvoiceService).createInvoice({ amount: 100, customerId: 'acme' })
  await integration.flush()
  const queries = app.get(InvoiceQueryService)
  const [taskId = ''] = await queries.getRelatedTasks(invoice.id)
  assert.equal(await queries.getSourceInvoice(taskId), invoice.id)
  await app.get(InvoiceService).cancelInvoice(invoice.id)
  await integration.flush()
  await integration.assertNoFailures()
  const tasks = await app.get(PrismaService).task.findMany()
  assert.deepEqual(
    tasks.map(({ id, status }) => [id, status]),
    [[taskId, 'CANCELLED']],
  )
  await app.close()
})
