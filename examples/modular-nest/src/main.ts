import { IntegrationModule } from '@integration-hub/nestjs'
import { fromPrisma } from '@integration-hub/outbox'
import { Module } from '@nestjs/common'
import { APP_FILTER, NestFactory } from '@nestjs/core'
import { DatabaseModule } from './database/database-module.js'
import { PrismaService } from './database/prisma-service.js'
import { FinanceModule } from './finance/finance-module.js'
import { OperatingController } from './operating-controller.js'
import { OutboxErrorFilter } from './outbox-error-filter.js'
import { OperationsModule } from './operations/operations-module.js'

@Module({
  imports: [
    DatabaseModule,
    IntegrationModule.forRootAsync({
      inject: [PrismaService],
      useFactory: (prisma: PrismaService) => ({
        db: fromPrisma(prisma),
        migrate: true,
        settings: { leaseMs: 2_000 },
      }),
    }),
    FinanceModule,
    OperationsModule,
  ],
  controllers: [OperatingController],
  providers: [{ provide: APP_FILTER, useClass: OutboxErrorFilter }],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] })
app.enableShutdownHooks()
await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
console.log(await app.getUrl())
