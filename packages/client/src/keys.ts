import type { Answer, Item } from './events.ts'
import type { Operations } from './openapi.ts'
import { route, type CallOptions, type Transport } from './transport.ts'

export class Keys {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** The answer holds the key, this once. */
  create(key: Operations['postKeys']['body'], options?: CallOptions): Promise<Answer<'postKeys'>> {
    return this.#transport.act('/v1/keys', key, options)
  }

  /** Newest first. */
  list(options?: CallOptions): AsyncGenerator<Item<'getKeys'>, void> {
    return this.#transport.list('/v1/keys', {}, options)
  }

  revoke(id: number, options: CallOptions = {}): Promise<void> {
    return this.#transport.json({
      ...options,
      method: 'DELETE',
      path: route`/v1/keys/${id}`,
      isRepeatable: false,
    })
  }
}
