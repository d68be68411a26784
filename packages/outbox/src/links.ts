import {
  checkEntity,
  checkLimit,
  checkLink,
  checkLinkType,
  type Entity,
  type Link,
  type LinkType,
  type NewLink,
} from './core/link.ts'
import { findBetween, findByType, findInbound, findOutbound, insertLink } from './store/links.ts'
import type { Session } from './store/session.ts'

export interface LinkOptions<Tx> {
  /** The transaction to take part in. */
  readonly tx?: Tx | undefined
}

export interface FindLinksOptions<Tx> extends LinkOptions<Tx> {
  /** At most so many, the oldest first; 1000 if not said. */
  readonly limit?: number | undefined
}

type Found = Promise<Link[]>

/** Relations between entities of different modules, which know nothing of each other's tables. */
export interface LinkService<Tx> {
  /** Makes a link; made again, it is the same one with the new metadata. */
  createLink(link: NewLink, options?: LinkOptions<Tx>): Promise<Link>
  /** Links that go out from an entity. */
  findOutbound(module: string, entityType: string, entityId: string, options?: FindLinksOptions<Tx>): Found
  /** Links that lead to an entity. */
  findInbound(module: string, entityType: string, entityId: string, options?: FindLinksOptions<Tx>): Found
  findByLinkType(linkType: LinkType, options?: FindLinksOptions<Tx>): Found
  /** Links between two entities, in either direction. */
  findBidirectional(a: Entity, b: Entity, options?: FindLinksOptions<Tx>): Found
}

/** `session` is where it works when no transaction is given. */
export function createLinkService<Tx>(session: Session, within: (tx: Tx) => Session): LinkService<Tx> {
  const at = (options: LinkOptions<Tx> | undefined) =>
    options?.tx === undefined ? session : within(options.tx)
  return {
    createLink: async (link, options) => insertLink(at(options), checkLink(link)),
    findOutbound: async (module, entityType, entityId, options) =>
      findOutbound(at(options), checkEntity({ module, entityType, entityId }), checkLimit(options?.limit)),
    findInbound: async (module, entityType, entityId, options) =>
      findInbound(at(options), checkEntity({ module, entityType, entityId }), checkLimit(options?.limit)),
    findByLinkType: async (linkType, options) =>
      findByType(at(options), checkLinkType(linkType), checkLimit(options?.limit)),
    findBidirectional: async (a, b, options) =>
      findBetween(at(options), checkEntity(a), checkEntity(b), checkLimit(options?.limit)),
  }
}
