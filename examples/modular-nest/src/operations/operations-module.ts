import { IntegrationDeveloperApiService } from '@integration-hub/nestjs'
import { Controller, Get, Module, Param } from '@nestjs/common'
import { PrismaService } from '../database/prisma-service.js'
import { InvoiceHandlers } from './invoice-handlers.js'

@Controller('tasks')
class TasksController {
  constructor(
    private readonly prisma: PrismaService,
    private readonly integration: IntegrationDeveloperApiService,
  ) {}

  @Get()
  list() {
    return this.prisma.task.findMany({ orderBy: { title: 'asc' } })
  }

  /** What a task was made for. */
  @Get(':id/source')
  async source(@Param('id') id: string) {
    const [link] = await this.integration.findLinksByTarget({
      module: 'operations',
      entityType: 'Task',
      entityId: id,
    })
    return { module: link?.sourceModule, id: link?.sourceEntityId, metadata: link?.metadata }
  }
}

@Module({ providers: [InvoiceHandlers], controllers: [TasksController] })
export class OperationsModule {}
