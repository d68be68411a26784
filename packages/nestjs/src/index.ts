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
export { type Health, type HealthOptions, IntegrationHealthIndicator } from './health.ts'
export { InjectOutbox, IntegrationModule, OUTBOX } from './integration-module.ts'
export { IntegrationMetrics } from './metrics.ts'
export type { IntegrationModuleOptions, WebhookOptions } from './options.ts'
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
export { HubEvent, HubWebhook } from './webhooks/hub-webhook.ts'
export type { HubWebhookOptions } from './webhooks/webhook-options.ts'
