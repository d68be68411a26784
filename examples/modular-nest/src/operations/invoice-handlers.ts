import {
  type DomainEvent,
  LinkType,
  OnIntegrationEvent,
  type SubscriberContext,
} from '@integration-hub/nestjs'
import { Injectable } from '@nestjs/common'
import type { AppEvents } from '../events.js'
import type { Prisma } from '../generated/client.js'

type Context = SubscriberContext<Prisma.TransactionClient>

/** Operations reacts to invoices; what it writes commits together with the mark that it has handled the event. */
@Injectable()
export class InvoiceHandlers {
  @OnIntegrationEvent('invoice.created', { consumerName: 'operations', priority: 10 })
  async onCreated(event: DomainEvent<AppEvents['invoice.created']>, { tx, linkService, logger }: Context) {
    const { customerId, amount } = event.payload
    const task = await tx.task.create({
      data: { title: `Process the invoice of ${customerId} over ${amount}` },
    })
    await linkService.createLink({
      sourceModule: 'finance',
      sourceEntityType: 'Invoice',
      sourceEntityId: event.aggregateId,
      targetModule: 'operations',
      targetEntityType: 'Task',
      targetEntityId: task.id,
      linkType: LinkType.CASCADE,
      metadata: { reason: 'an invoice is to be processed', amount },
    })
    logger.log(`Task ${task.id} for invoice ${event.aggregateId}`)
  }

  /** What happens to an invoice happens to what it is linked to by a cascade. */
  @OnIntegrationEvent('invoice.cancelled', { consumerName: 'operations', priority: 10 })
  async onCancelled(event: DomainEvent<AppEvents['invoice.cancelled']>, { tx, linkService }: Context) {
    const links = await linkService.findOutbound('finance', 'Invoice', event.aggregateId)
    const ids = links
      .filter((link) => link.linkType === LinkType.CASCADE && link.targetEntityType === 'Task')
      .map((link) => link.targetEntityId)
    await tx.task.updateMany({ where: { id: { in: ids } }, data: { status: 'CANCELLED' } })
  }
}
