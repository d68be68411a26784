import type {
  Entity,
  FindLinksOptions,
  Link,
  LinkOptions,
  LinkService,
  LinkType,
  NewLink,
  UndeclaredEvents,
  UndeclaredTransaction,
} from '@integration-hub/outbox'
import type { Integration } from '../integration.ts'

/** Relations between entities of different modules, in the transaction that is open around the caller. */
export class IntegrationLinkService<Tx = UndeclaredTransaction> implements LinkService<Tx> {
  private readonly integration: Integration<UndeclaredEvents, Tx>

  constructor(integration: Integration<UndeclaredEvents, Tx>) {
    this.integration = integration
  }

  /** Makes a link; made again, it is the same one with the new metadata. */
  createLink(link: NewLink, options?: LinkOptions<Tx>): Promise<Link> {
    return this.links.createLink(link, this.joined(options))
  }

  /** Links that go out from an entity. */
  findOutbound(
    module: string,
    entityType: string,
    entityId: string,
    options?: FindLinksOptions<Tx>,
  ): Promise<Link[]> {
    return this.links.findOutbound(module, entityType, entityId, this.joined(options))
  }

  /** Links that lead to an entity. */
  findInbound(
    module: string,
    entityType: string,
    entityId: string,
    options?: FindLinksOptions<Tx>,
  ): Promise<Link[]> {
    return this.links.findInbound(module, entityType, entityId, this.joined(options))
  }

  findByLinkType(linkType: LinkType, options?: FindLinksOptions<Tx>): Promise<Link[]> {
    return this.links.findByLinkType(linkType, this.joined(options))
  }

  /** Links between two entities, in either direction. */
  findBidirectional(a: Entity, b: Entity, options?: FindLinksOptions<Tx>): Promise<Link[]> {
    return this.links.findBidirectional(a, b, this.joined(options))
  }

  private get links(): LinkService<Tx> {
    return this.integration.outbox.links
  }

  private joined(options: FindLinksOptions<Tx> | undefined): FindLinksOptions<Tx> {
    return { ...options, ...this.integration.transaction(options?.tx) }
  }
}
