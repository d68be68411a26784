import { fromPg } from '@integration-hub/outbox'
import {
  type DomainEvent,
  IntegrationDeveloperApiService,
  IntegrationModule,
  OnIntegrationEvent,
  OutboxProcessor,
  type SubscriberContext,
} from '@integration-hub/nestjs'
import { Global, Injectable, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { it } from 'node:test'
import path from 'node:path'
import pg from 'pg'
import { databaseUrl, invoiceCreated, newSchema, openPool, shared, startContext, until } from './support.js'

@Injectable()
class Database implements OnModuleDestroy {
  readonly pool = openPool()
  onDestroy: () => void = () => undefined

  async onModuleDestroy(): Promise<void> {
    this.onDestroy()
    await this.pool.end()
  }
}

@Module({ providers: [Database], exports: [Database] })
class DatabaseModule {}

@Global()
@Module({ imports: [DatabaseModule], exports: [DatabaseModule] })
class GlobalDatabaseModule {}

function integration(schema: string, databaseModule: typeof DatabaseModule, options: object = {}) {
  return IntegrationModule.forRootAsync({
    imports: [databaseModule],
    inject: [Database],
    useFactory: ({ pool }: Database) => ({ db: fromPg(pool), schema, ...shared, ...options }),
  })
}

@Injectable()
class Operations {
  readonly seen: string[] = []

  @OnIntegrationEvent('invoice.created', { consumerName: 'operations' })
  onInvoice(event: DomainEvent): void {
    this.seen.push(event.aggregateId)
  }
}

it('has tables and handlers ready before other modules are initialised, and starts by itself', async () => {
  @Injectable()
  class EarlyBird implements OnModuleInit {
    constructor(private readonly api: IntegrationDeveloperApiService) {}

    async onModuleInit(): Promise<void> {
      await this.api.publishEvent(invoiceCreated('early'))
    }
  }

  @Module({
    imports: [integration(newSchema(), DatabaseModule)],
    providers: [EarlyBird, Operations],
  })
  class App {}

  const app = await startContext(App)
  await until('the early event is handled', () => app.get(Operations).seen.length === 1)
  assert.deepEqual(app.get(Operations).seen, ['early'])
  await app.close()
})

it('handles events for handlers that subscribe in onModuleInit', async () => {
  const seen: string[] = []

  @Injectable()
  class Late implements OnModuleInit {
    constructor(private readonly api: IntegrationDeveloperApiService) {}

    onModuleInit(): void {
      this.api.subscribe({
        eventName: 'invoice.*',
        consumerName: 'late',
        handler: (event) => void seen.push(event.aggregateId),
      })
    }
  }

  @Module({ imports: [integration(newSchema(), DatabaseModule)], providers: [Late] })
  class App {}

  const app = await startContext(App)
  await app.get(IntegrationDeveloperApiService).publishEvent(invoiceCreated('1'))
  await until('it is handled', () => seen.length === 1)
  await app.close()
})

for (const [kind, databaseModule] of [
  ['imported', DatabaseModule],
  ['global', GlobalDatabaseModule],
] as const) {
  it(`lets a running handler end before the ${kind} module of its database is destroyed`, async () => {
    const schema = newSchema()
    let running = false

    @Injectable()
    class Slow {
      @OnIntegrationEvent('invoice.created', { consumerName: 'slow' })
      async onInvoice(_event: DomainEvent, { tx }: SubscriberContext): Promise<void> {
        running = true
        await tx.query('select pg_sleep(0.3)')
        running = false
      }
    }

    @Module({ imports: [integration(schema, databaseModule)], providers: [Slow] })
    class App {}

    const app = await startContext(App)
    await app.get(IntegrationDeveloperApiService).publishEvent(invoiceCreated('1'))
    await until('it is being handled', () => running)
    const runningAtDestroy: boolean[] = []
    app.get(Database).onDestroy = () => void runningAtDestroy.push(running)
    await app.close()
    assert.deepEqual(runningAtDestroy, [false])
    assert.deepEqual(await states(schema), ['processed'])
  })
}

it('handles nothing of its own accord when it is told not to', async () => {
  @Module({
    imports: [integration(newSchema(), DatabaseModule, { autoStart: false })],
    providers: [Operations],
  })
  class App {}

  const app = await startContext(App)
  await app.get(IntegrationDeveloperApiService).publishEvent(invoiceCreated('1'))
  const processor = app.get(OutboxProcessor)
  assert.equal((await processor.getStats()).pending, 1)
  assert.equal(await processor.startupDrain(), 1)
  assert.deepEqual(app.get(Operations).seen, ['1'])
  await processor.start()
  await app.get(IntegrationDeveloperApiService).publishEvent(invoiceCreated('2'))
  await until('the second is handled', () => app.get(Operations).seen.length === 2)
  await app.close()
})

it('does not start on missing tables, and says what to do', async () => {
  @Module({ imports: [integration(newSchema(), DatabaseModule, { migrate: false })] })
  class App {}

  await assert.rejects(startContext(App), { code: 'not_migrated' })
})

it('refuses options that it does not know, by their names', async () => {
  const pool = openPool()
  for (const [options, field] of [
    [{ migrat: true }, 'migrat'],
    [{ migrate: 'yes' }, 'migrate'],
    [{ settings: { batch: 1 } }, 'batch'],
    [{ transactionHost: {} }, 'transactionHost'],
    [{ db: undefined }, 'db'],
  ] as const) {
    @Module({ imports: [IntegrationModule.forRoot({ db: fromPg(pool), ...options } as never)] })
    class App {}

    await assert.rejects(startContext(App), { field })
  }
  await pool.end()
})

it('stops on SIGTERM: what is being handled ends, the rest waits', async () => {
  const schema = newSchema()
  const child = spawn(
    process.execPath,
    [path.join(path.dirname(process.argv[1] ?? ''), 'shutdown-child.js')],
    {
      env: { ...process.env, SCHEMA: schema },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.deepEqual([code, signal], [null, 'SIGTERM'])
  assert.deepEqual((await states(schema)).toSorted(), ['processed', 'received'])
})

async function states(schema: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ state: string }>(
    `select state from ${schema}.inbox order by event_seq`,
  )
  await client.end()
  return rows.map(({ state }) => state)
}
