import { Body, Controller, Get, Headers, Module, Param, Post } from '@nestjs/common'
import { type NewInvoice, Invoices } from './invoices.js'

@Controller('invoices')
class InvoicesController {
  constructor(private readonly invoices: Invoices) {}

  @Post()
  create(@Body() invoice: NewInvoice, @Headers('x-correlation-id') correlationId?: string) {
    return this.invoices.create(invoice, correlationId)
  }

  @Post(':id/cancel')
  cancel(@Param('id') id: string, @Body() { reason }: { readonly reason: string }) {
    return this.invoices.cancel(id, reason)
  }

  @Get(':id/tasks')
  tasks(@Param('id') id: string) {
    return this.invoices.linkedTasks(id)
  }
}

@Module({ providers: [Invoices], controllers: [InvoicesController] })
export class FinanceModule {}
