import type { UndeclaredEvents } from '@integration-hub/outbox'
import {
  type ConfigurableModuleAsyncOptions,
  ConfigurableModuleBuilder,
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type Type,
} from '@nestjs/common'
import { DiscoveryModule, DiscoveryService, HttpAdapterHost } from '@nestjs/core'
import { IntegrationHealthIndicator } from './health.ts'
import { Integration } from './integration.ts'
import { IntegrationLifecycle, IntegrationPreparation } from './lifecycle.ts'
import { IntegrationMetrics } from './metrics.ts'
import type { IntegrationModuleOptions } from './options.ts'
import { DomainEventPublisher } from './services/domain-event-publisher.ts'
import { EventSubscriberRegistry } from './services/event-subscriber-registry.ts'
import { InboxService } from './services/inbox-service.ts'
import { IntegrationDeveloperApiService } from './services/integration-developer-api-service.ts'
import { IntegrationLinkService } from './services/integration-link-service.ts'
import { OutboxProcessor } from './services/outbox-processor.ts'
import { WebhookPreparation } from './webhooks/webhook-preparation.ts'

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<IntegrationModuleOptions>({ moduleName: 'Integration' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createIntegrationOptions')
    .build()

/** The token of the outbox itself, for what the services do not offer: settings, dead letters, replay, … */
export const OUTBOX = Symbol.for('@integration-hub/nestjs OUTBOX')

export const InjectOutbox = (): ReturnType<typeof Inject> => Inject(OUTBOX)

// No decorators and no types emitted for the injector: this package is compiled from erasable TypeScript.
function made<Made>(provide: Type<Made>, ...inject: FactoryProvider['inject'] & {}): FactoryProvider<Made> {
  return { provide, inject, useFactory: (...parts: unknown[]) => new provide(...parts) }
}

const services = [
  made(DomainEventPublisher, Integration),
  made(EventSubscriberRegistry, Integration),
  made(InboxService, Integration),
  made(IntegrationLinkService, Integration),
  made(OutboxProcessor, Integration),
  made(IntegrationHealthIndicator, Integration),
  made(IntegrationMetrics, Integration),
  made(IntegrationDeveloperApiService, DomainEventPublisher, EventSubscriberRegistry, IntegrationLinkService),
  { provide: OUTBOX, inject: [Integration], useFactory: ({ outbox }: Integration) => outbox },
]

/** The services, for all modules of the application. */
class IntegrationServicesModule extends ConfigurableModuleClass {}

Module({
  imports: [DiscoveryModule],
  providers: [
    made(Integration, MODULE_OPTIONS_TOKEN),
    made(IntegrationPreparation, Integration, EventSubscriberRegistry, DiscoveryService),
    made(WebhookPreparation, Integration, DiscoveryService, HttpAdapterHost),
    ...services,
  ],
  exports: [Integration, ...services],
})(IntegrationServicesModule)

/** Publishing, handling and relating: imported once, its services are there in every module. */
// oxlint-disable-next-line typescript/no-extraneous-class -- NestJS knows modules by their classes
export class IntegrationModule {
  static forRoot<Events extends UndeclaredEvents, Tx>(
    options: IntegrationModuleOptions<Events, Tx>,
  ): DynamicModule {
    // The types of events and transactions are the application's; the module is made for any.
    return around(IntegrationServicesModule.forRoot(options as IntegrationModuleOptions))
  }

  static forRootAsync(
    options: ConfigurableModuleAsyncOptions<IntegrationModuleOptions, 'createIntegrationOptions'>,
  ): DynamicModule {
    return around(IntegrationServicesModule.forRootAsync(options))
  }
}

Module({})(IntegrationModule)

function around(servicesModule: DynamicModule): DynamicModule {
  return {
    module: IntegrationModule,
    imports: [{ ...servicesModule, global: true }],
    providers: [made(IntegrationLifecycle, Integration)],
  }
}
