import type { OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common'
import type { DiscoveryService } from '@nestjs/core'
import { subscribeDecorated } from './decorated-handlers.ts'
import type { Integration } from './integration.ts'
import type { EventSubscriberRegistry } from './services/event-subscriber-registry.ts'

/**
 * Before all other modules are initialised, which is what a global module is for: whoever publishes in `onModuleInit`
 * finds the tables and the handlers there.
 */
export class IntegrationPreparation implements OnModuleInit {
  private readonly integration: Integration
  private readonly registry: EventSubscriberRegistry
  private readonly discovery: DiscoveryService

  constructor(integration: Integration, registry: EventSubscriberRegistry, discovery: DiscoveryService) {
    this.integration = integration
    this.registry = registry
    this.discovery = discovery
  }

  async onModuleInit(): Promise<void> {
    if (this.integration.options.migrate) await this.integration.outbox.migrate()
    subscribeDecorated(this.discovery, this.registry)
  }
}

/**
 * Starts when every module has been initialised and has subscribed. Stops before what the handlers need is destroyed:
 * this is in a module that is not global, and those that it imports, such as that of the database client, go after it.
 */
export class IntegrationLifecycle implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly integration: Integration

  constructor(integration: Integration) {
    this.integration = integration
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.integration.options.autoStart) await this.integration.start()
  }

  async onModuleDestroy(): Promise<void> {
    await this.integration.stop()
  }
}
