import type { Answer, Item, Query } from './events.ts'
import { route, type CallOptions, type Transport } from './transport.ts'

export class Deliveries {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  get(deliveryId: string, options?: CallOptions): Promise<Answer<'getDeliveriesById'>> {
    return this.#transport.get(route`/v1/deliveries/${deliveryId}`, {}, options)
  }

  /** Newest first; `limit` is of all that it gives. */
  list(query?: Query<'getDeliveries'>, options?: CallOptions): AsyncGenerator<Item<'getDeliveries'>, void> {
    return this.#transport.list('/v1/deliveries', query, options)
  }

  page(query?: Query<'getDeliveries'>, options?: CallOptions): Promise<Answer<'getDeliveries'>> {
    return this.#transport.get('/v1/deliveries', query, options)
  }

  /** Dead, manual or waiting: due now. */
  retry(deliveryId: string, options?: CallOptions): Promise<Answer<'postDeliveriesByIdRetry'>> {
    return this.#transport.act(route`/v1/deliveries/${deliveryId}/retry`, undefined, options)
  }

  cancel(deliveryId: string, options?: CallOptions): Promise<Answer<'postDeliveriesByIdCancel'>> {
    return this.#transport.act(route`/v1/deliveries/${deliveryId}/cancel`, undefined, options)
  }

  /** Of one that was handed to a person: it is done. */
  resolve(
    deliveryId: string,
    note?: string,
    options?: CallOptions,
  ): Promise<Answer<'postDeliveriesByIdResolve'>> {
    return this.#transport.act(route`/v1/deliveries/${deliveryId}/resolve`, { note }, options)
  }
}

export class DeadLetters {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Newest first. */
  list(
    query: Omit<Query<'getDeliveries'>, 'status'> = {},
    options?: CallOptions,
  ): AsyncGenerator<Item<'getDeliveries'>, void> {
    return this.#transport.list('/v1/deliveries', { ...query, status: 'DEAD' }, options)
  }

  /** By their cause, the largest group first. */
  groups(
    query?: Query<'getDeadLettersGroups'>,
    options?: CallOptions,
  ): Promise<Answer<'getDeadLettersGroups'>> {
    return this.#transport.get('/v1/dead-letters/groups', query, options)
  }

  /** One of them; many at once are replayed. */
  retry(deliveryId: string, options?: CallOptions): Promise<Answer<'postDeliveriesByIdRetry'>> {
    return this.#transport.act(route`/v1/deliveries/${deliveryId}/retry`, undefined, options)
  }
}
