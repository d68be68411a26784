export {
  type DomainEvent,
  type Entity,
  type Link,
  LinkType,
  type NewLink,
  OutboxError,
  PermanentError,
} from '@integration-hub/outbox'
export { OnIntegrationEvent, type OnIntegrationEventOptions } from './decorators/on-integration-event.ts'
export { InjectOutbox, IntegrationModule, OUTBOX } from './integration-module.ts'
export type { IntegrationModuleOptions } from './options.ts'
export {
  DomainEventPublisher,
  type EventInput,
  type PublishedEvent,
  type TransactionOptions,
} from './services/domain-event-publisher.ts'
export {
  EventSubscriberRegistry,
  type SubscriberContext,
  type SubscriberDefinition,
} from './services/event-subscriber-registry.ts'
export { InboxService } from './services/inbox-service.ts'
export { IntegrationDeveloperApiService } from './services/integration-developer-api-service.ts'
export { IntegrationLinkService } from './services/integration-link-service.ts'
export { OutboxProcessor } from './services/outbox-processor.ts'
export type { TransactionHost } from './transaction-host.ts'
