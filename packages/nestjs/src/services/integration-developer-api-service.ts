import type {
  FindLinksOptions,
  Link,
  LinkOptions,
  LinkType,
  Entity,
  NewLink,
  SubscribableName,
  Subscription,
  UndeclaredEvents,
  UndeclaredTransaction,
} from '@integration-hub/outbox'
import type {
  DomainEventPublisher,
  EventInput,
  PublishedEvent,
  TransactionOptions,
} from './domain-event-publisher.ts'
import type { EventSubscriberRegistry, SubscriberDefinition } from './event-subscriber-registry.ts'
import type { IntegrationLinkService } from './integration-link-service.ts'

/** All that a module needs to publish, to react and to relate; one thing to inject. */
export class IntegrationDeveloperApiService<
  Events extends UndeclaredEvents = UndeclaredEvents,
  Tx = UndeclaredTransaction,
> {
  private readonly publisher: DomainEventPublisher<Events, Tx>
  private readonly registry: EventSubscriberRegistry<Events, Tx>
  private readonly links: IntegrationLinkService<Tx>

  constructor(
    publisher: DomainEventPublisher<Events, Tx>,
    registry: EventSubscriberRegistry<Events, Tx>,
    links: IntegrationLinkService<Tx>,
  ) {
    this.publisher = publisher
    this.registry = registry
    this.links = links
  }

  /** Records a fact, in the transaction that is given or open around the caller; handlers run after it has committed. */
  publishEvent(event: EventInput<Events>, options?: TransactionOptions<Tx>): Promise<PublishedEvent<Events>> {
    return this.publisher.publishEvent(event, options)
  }

  /** Records all of them or none. */
  publishEvents(
    events: readonly EventInput<Events>[],
    options?: TransactionOptions<Tx>,
  ): Promise<PublishedEvent<Events>[]> {
    return this.publisher.publishEvents(events, options)
  }

  subscribe<Name extends SubscribableName<Events>>(subscription: Subscription<Events, Name, Tx>): void {
    this.registry.registerHandler(subscription)
  }

  subscribeMany(definitions: readonly SubscriberDefinition<Events, Tx>[]): void {
    this.registry.subscribeMany(definitions)
  }

  createLink(link: NewLink, options?: LinkOptions<Tx>): Promise<Link> {
    return this.links.createLink(link, options)
  }

  /** Links that go out from an entity. */
  findLinksBySource(source: Entity, options?: FindLinksOptions<Tx>): Promise<Link[]> {
    return this.links.findOutbound(source.module, source.entityType, source.entityId, options)
  }

  /** Links that lead to an entity. */
  findLinksByTarget(target: Entity, options?: FindLinksOptions<Tx>): Promise<Link[]> {
    return this.links.findInbound(target.module, target.entityType, target.entityId, options)
  }

  findLinksByType(linkType: LinkType, options?: FindLinksOptions<Tx>): Promise<Link[]> {
    return this.links.findByLinkType(linkType, options)
  }
}
