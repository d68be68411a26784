import { IntegrationDeveloperApiService } from '@integration-hub/nestjs'
import { BadRequestException, Injectable } from '@nestjs/common'
import { PrismaService } from '../database/prisma-service.js'
import type { AppEvents } from '../events.js'
import type { Invoice, Prisma } from '../generated/client.js'

export interface NewInvoice {
  readonly customerId: string
  readonly amount: number
}

/** Finance tells what happens to invoices, in the transactions in which it happens, and does not know who listens. */
@Injectable()
export class Invoices {
  constructor(
    private readonly prisma: PrismaService,
    private readonly integration: IntegrationDeveloperApiService<AppEvents, Prisma.TransactionClient>,
  ) {}

  create({ customerId, amount }: NewInvoice, correlationId?: string): Promise<Invoice> {
    return this.prisma.$transaction(async (tx) => {
      const invoice = await tx.invoice.create({ data: { customerId, amount } })
      await this.integration.publishEvent(
        {
          eventName: 'invoice.created',
          sourceModule: 'finance',
          aggregateType: 'Invoice',
          aggregateId: invoice.id,
          payload: { customerId, amount },
          metadata: { producer: 'finance' },
          correlationId,
        },
        { tx },
      )
      // Too late on purpose: what was written and published so far is gone with the transaction.
      if (amount <= 0) throw new BadRequestException('An invoice is over an amount.')
      return invoice
    })
  }

  cancel(id: string, reason: string): Promise<Invoice> {
    return this.prisma.$transaction(async (tx) => {
      const invoice = await tx.invoice.update({ where: { id }, data: { status: 'CANCELLED' } })
      await this.integration.publishEvent(
        {
          eventName: 'invoice.cancelled',
          sourceModule: 'finance',
          aggregateType: 'Invoice',
          aggregateId: id,
          payload: { reason },
        },
        { tx },
      )
      return invoice
    })
  }

  /** What other modules have made of it; Finance knows no more of a task than its id. */
  async linkedTasks(id: string): Promise<string[]> {
    const links = await this.integration.findLinksBySource({
      module: 'finance',
      entityType: 'Invoice',
      entityId: id,
    })
    return links.filter((link) => link.targetModule === 'operations').map((link) => link.targetEntityId)
  }
}
