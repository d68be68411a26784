// What `@integration-hub/nestjs/testing` offers, on an application under test as `@nestjs/testing` makes them.
import { fromPg } from '@integration-hub/outbox'
import {
  type DomainEvent,
  IntegrationDeveloperApiService,
  IntegrationModule,
  OnIntegrationEvent,
  type SubscriberContext,
} from '@integration-hub/nestjs'
import { integrationTesting } from '@integration-hub/nestjs/testing'
import { Injectable } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { invoiceCreated, newSchema, openPool, quiet } from './support.js'

const pool = openPool()
after(() => pool.end())

const hourMs = 3_600_000

@Injectable()
class Operations {
  attempts = 0
  failures = 0

  @OnIntegrationEvent('invoice.created', { consumerName: 'operations' })
  async onInvoice(event: DomainEvent, ctx: SubscriberContext): Promise<void> {
    this.attempts += 1
    if (this.attempts <= this.failures) throw new Error('the car park does not answer')
    await ctx.publish({
      ...invoiceCreated(event.aggregateId),
      eventName: 'task.created',
      sourceModule: 'operations',
    })
  }
}

async function start() {
  const module = await Test.createTestingModule({
    imports: [
      IntegrationModule.forRoot({
        db: fromPg(pool),
        schema: newSchema(),
        migrate: true,
        autoStart: false,
        logger: quiet,
        settings: { 'retry.baseDelayMs': hourMs, maxAttempts: 2 },
      }),
    ],
    providers: [Operations],
  }).compile()
  const app = await module.init()
  const api = app.get<IntegrationDeveloperApiService>(IntegrationDeveloperApiService)
  return { app, api, operations: app.get(Operations), integration: await integrationTesting(app) }
}

it('lets everything be handled that follows, and knows what was published', async () => {
  const { app, api, integration } = await start()
  await integration.assertNotPublished()
  await api.publishEvent({ ...invoiceCreated('7', 42), metadata: { producer: 'finance', host: 'a' } })
  const event = await integration.assertPublished('invoice.created', {
    aggregateId: '7',
    payload: { amount: 42 },
    metadata: { producer: 'finance' },
  })
  assert.equal(await integration.flush(), 1)
  await integration.assertPublished('task.created', {
    causationId: event.id,
    correlationId: event.correlationId,
  })
  assert.deepEqual(
    (await integration.published()).map(({ eventName }) => eventName),
    ['invoice.created', 'task.created'],
  )
  await integration.assertNoFailures()
  await integration.forget()
  await integration.assertNotPublished()
  await app.close()
})

it('says what was published when that is not what was expected', async () => {
  const { app, api, integration } = await start()
  await assert.rejects(integration.assertPublished('invoice.created'), { message: /Nothing was published/ })
  await api.publishEvents([invoiceCreated('1', 42), invoiceCreated('2')])
  for (const expected of [{ aggregateId: '3' }, { payload: { amount: 1 } }, {}])
    await assert.rejects(integration.assertPublished('invoice.created', expected), {
      name: 'AssertionError',
      message: /invoice\.created of Invoice 1: \{"amount":42\}/,
    })
  await assert.rejects(integration.assertNotPublished('invoice.created'), { message: /of Invoice 2/ })
  await app.close()
})

it('lets hours pass at once, for retries and for nothing else', async () => {
  const { app, api, operations, integration } = await start()
  operations.failures = 1
  await api.publishEvent(invoiceCreated('1'))
  await integration.flush()
  assert.equal(operations.attempts, 1)
  await assert.rejects(integration.assertNoFailures(), { message: /the car park does not answer/ })
  assert.equal(await integration.clock.advance(hourMs / 2), 0)
  assert.equal(await integration.clock.advance(hourMs), 1)
  assert.equal(operations.attempts, 2)
  await integration.assertNoFailures()
  await integration.assertPublished('task.created', { aggregateId: '1' })
  await assert.rejects(integration.clock.advance(-1), RangeError)
  await app.close()
})

it('knows of handlers that have failed for good', async () => {
  const { app, api, operations, integration } = await start()
  operations.failures = 2
  await api.publishEvent(invoiceCreated('1'))
  await integration.flush()
  await integration.clock.advance(2 * hourMs)
  await assert.rejects(integration.assertNoFailures(), { message: /attempt 2/ })
  await app.close()
})
