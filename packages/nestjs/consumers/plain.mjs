// Plain JavaScript without decorators, imported as ESM: publishes one event and handles it. Argument: the database's URL.
import {
  IntegrationDeveloperApiService,
  IntegrationModule,
  OnIntegrationEvent,
} from '@integration-hub/nestjs'
import { integrationTesting } from '@integration-hub/nestjs/testing'
import { fromPg } from '@integration-hub/outbox'
import { Injectable, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import pg from 'pg'

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})

async function main() {
  const pool = new pg.Pool({ connectionString: process.argv[2] })
  const seen = []

  class Operations {
    onInvoice(event) {
      seen.push(event.payload.amount)
    }
  }
  const method = Object.getOwnPropertyDescriptor(Operations.prototype, 'onInvoice')
  OnIntegrationEvent('invoice.*', { consumerName: 'operations' })(Operations.prototype, 'onInvoice', method)
  Injectable()(Operations)

  // oxlint-disable-next-line typescript/no-extraneous-class -- decorated below
  class AppModule {}
  const options = { db: fromPg(pool), schema: process.argv[3], migrate: true }
  Module({ imports: [IntegrationModule.forRoot(options)], providers: [Operations] })(AppModule)

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false })
  const testing = await integrationTesting(app)
  await app.get(IntegrationDeveloperApiService).publishEvent({
    eventName: 'invoice.created',
    sourceModule: 'finance',
    aggregateType: 'Invoice',
    aggregateId: '1',
    payload: { amount: 100 },
  })
  await testing.flush()
  await testing.assertPublished('invoice.created', { aggregateId: '1' })
  await app.close()
  await pool.end()
  if (seen.length !== 1 || seen[0] !== 100) throw new Error('wrong')
}
