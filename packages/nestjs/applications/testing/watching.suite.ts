import { fromPg } from '@integration-hub/outbox'
import {
  type DomainEvent,
  IntegrationDeveloperApiService,
  IntegrationHealthIndicator,
  IntegrationMetrics,
  IntegrationModule,
  OnIntegrationEvent,
  OutboxProcessor,
} from '@integration-hub/nestjs'
import { Controller, Get, Injectable, Module } from '@nestjs/common'
import { HttpAdapterHost, NestFactory } from '@nestjs/core'
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus'
import assert from 'node:assert/strict'
import { it } from 'node:test'
import pg from 'pg'
import { Registry } from 'prom-client'
import { databaseUrl, invoiceCreated, newSchema, openPool, shared, startContext } from './support.js'

@Injectable()
class Operations {
  @OnIntegrationEvent('invoice.created', { consumerName: 'opera"tions' })
  onInvoice(event: DomainEvent): void {
    if (event.payload.amount < 0) throw new Error('negative')
  }
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly integration: IntegrationHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.integration.isHealthy('integration', { maxDeadLetters: 0, timeoutMs: 500 }),
    ])
  }
}

it('tells terminus how it is', async () => {
  const pool = openPool()

  @Module({
    imports: [
      TerminusModule.forRoot({ logger: false }),
      IntegrationModule.forRoot({
        db: fromPg(pool),
        schema: newSchema(),
        ...shared,
        settings: { maxAttempts: 1 },
      }),
    ],
    controllers: [HealthController],
    providers: [Operations],
  })
  class App {}

  const app = await NestFactory.create(App, { logger: false })
  await app.listen(0, '127.0.0.1')
  const url = `${await app.getUrl()}/health`
  const healthy = await fetch(url)
  assert.equal(healthy.status, 200)
  const { details } = (await healthy.json()) as {
    details: Record<string, { status: string; pending: number }>
  }
  assert.deepEqual([details['integration']?.status, details['integration']?.pending], ['up', 0])
  await pool.end()
  const sick = await fetch(url)
  assert.equal(sick.status, 503)
  const { error } = (await sick.json()) as { error: Record<string, { status: string; message: string }> }
  assert.equal(error['integration']?.status, 'down')
  assert.match(error['integration']?.message ?? '', /end/)
  assert.ok(app.get(HttpAdapterHost).httpAdapter)
  await app.close()
})

async function startQuietly(options: object = {}) {
  const pool = openPool()

  @Module({
    imports: [
      IntegrationModule.forRoot({
        db: fromPg(pool),
        schema: newSchema(),
        ...shared,
        autoStart: false,
        ...options,
      }),
    ],
    providers: [Operations],
  })
  class App {}

  const app = await startContext(App)
  return {
    app,
    api: app.get<IntegrationDeveloperApiService>(IntegrationDeveloperApiService),
    health: app.get(IntegrationHealthIndicator),
    drain: () => app.get(OutboxProcessor).startupDrain(),
    close: async () => {
      await app.close()
      await pool.end()
    },
  }
}

it('is unhealthy for dead letters, for what waits too long, and for a database that hangs', async () => {
  const dead = await startQuietly({ settings: { maxAttempts: 1 } })
  await dead.api.publishEvent(invoiceCreated('1', -1))
  await dead.drain()
  const { integration } = await dead.health.isHealthy('integration', { maxDeadLetters: 0 })
  assert.deepEqual([integration.status, integration.deadLettered], ['down', 1])
  assert.equal((await dead.health.isHealthy('named')).named.status, 'up')
  await dead.close()

  const late = await startQuietly()
  await late.api.publishEvent(invoiceCreated('1'))
  assert.equal(
    (await late.health.isHealthy('integration', { maxPendingAgeMs: 0 })).integration.status,
    'down',
  )
  await late.close()

  const [only] = [new pg.Pool({ connectionString: databaseUrl, max: 1 })]
  const hanging = await startQuietly({ db: fromPg(only) })
  const held = await only.connect()
  const found = await hanging.health.isHealthy('integration', { timeoutMs: 50 })
  assert.deepEqual(
    [found.integration.status, found.integration.message],
    ['down', 'the database did not answer within 50 ms'],
  )
  held.release()
  await hanging.close()
  await only.end()
})

it('is unhealthy while it should handle events and does not', async () => {
  const stopped = await startQuietly({ autoStart: true })
  assert.equal((await stopped.health.isHealthy()).integration.status, 'up')
  await stopped.app.get(OutboxProcessor).stop()
  assert.equal((await stopped.health.isHealthy()).integration.status, 'down')
  await stopped.close()
})

it('counts for Prometheus, by itself and in the registry of prom-client', async () => {
  const { app, api, drain, close } = await startQuietly({ settings: { maxAttempts: 1 } })
  await api.publishEvents([invoiceCreated('1'), invoiceCreated('2', -1), invoiceCreated('3')])
  await drain()
  const metrics = app.get(IntegrationMetrics)
  const registry = new Registry()
  metrics.registerIn(registry)
  for (const text of [await metrics.text(), await registry.metrics()]) {
    assert.match(text, /^# TYPE outbox_events gauge$/m)
    assert.match(text, /^outbox_events\{consumer="opera\\"tions",state="processed"\} 2$/m)
    assert.match(text, /^outbox_events\{consumer="opera\\"tions",state="dead"\} 1$/m)
    assert.match(text, /^outbox_oldest_pending_age_seconds\{consumer="opera\\"tions"\} 0$/m)
    assert.match(
      text,
      /^outbox_handler_duration_seconds_count\{consumer="opera\\"tions",outcome="processed"\} [2-9]$/m,
    )
    assert.match(text, /^outbox_handler_duration_seconds_bucket\{.*outcome="failed",le="\+Inf"\} [1-9]$/m)
  }
  await close()
})
