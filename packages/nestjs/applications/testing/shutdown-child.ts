// An application in the middle of a handler, which says so on standard output and waits for its end.
import { fromPg } from '@integration-hub/outbox'
import {
  type DomainEvent,
  IntegrationDeveloperApiService,
  IntegrationModule,
  OnIntegrationEvent,
  type SubscriberContext,
} from '@integration-hub/nestjs'
import { Injectable, Module } from '@nestjs/common'
import { openPool, invoiceCreated, shared, startContext } from './support.js'

@Injectable()
class Slow {
  @OnIntegrationEvent('invoice.created', { consumerName: 'slow', ownTransaction: true })
  async onInvoice(_event: DomainEvent, { tx }: SubscriberContext): Promise<void> {
    console.log('running')
    await tx.query('select pg_sleep(1)')
  }
}

@Module({
  imports: [IntegrationModule.forRoot({ db: fromPg(openPool()), schema: process.env['SCHEMA'], ...shared })],
  providers: [Slow],
})
class App {}

async function main(): Promise<void> {
  const app = await startContext(App)
  app.enableShutdownHooks()
  await app.get(IntegrationDeveloperApiService).publishEvents([invoiceCreated('1'), invoiceCreated('2')])
}

void main()
