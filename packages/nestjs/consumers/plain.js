// Plain JavaScript without decorators, required as CommonJS: publishes one event and handles it. Argument: the database's URL.
const {
  IntegrationDeveloperApiService,
  IntegrationModule,
  OnIntegrationEvent,
} = require('@integration-hub/nestjs')
const { integrationTesting } = require('@integration-hub/nestjs/testing')
const { fromPg } = require('@integration-hub/outbox')
const { Injectable, Module } = require('@nestjs/common')
const { NestFactory } = require('@nestjs/core')
const pg = require('pg')

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
