import type { Answer, Item, Query } from './events.ts'
import type { Operations } from './openapi.ts'
import { route, type CallOptions, type Transport } from './transport.ts'

export type ReplayRequest = Omit<Operations['postReplays']['body'], 'dryRun'>
type ReplayAnswer = Answer<'postReplays'>

export class Replays {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** What `create` would touch. */
  plan(
    request: ReplayRequest,
    options?: CallOptions,
  ): Promise<Extract<ReplayAnswer, { readonly count: number }>> {
    return this.#transport.act('/v1/replays', { ...request, dryRun: true }, options)
  }

  create(
    request: ReplayRequest,
    options?: CallOptions,
  ): Promise<Extract<ReplayAnswer, { readonly replayId: string }>> {
    return this.#transport.act('/v1/replays', request, options)
  }

  get(replayId: string, options?: CallOptions): Promise<Answer<'getReplaysById'>> {
    return this.#transport.get(route`/v1/replays/${replayId}`, {}, options)
  }

  list(query?: Query<'getReplays'>, options?: CallOptions): AsyncGenerator<Item<'getReplays'>, void> {
    return this.#transport.list('/v1/replays', query, options)
  }

  /** Takes back what it has not sent, also when it has started all of it. */
  cancel(replayId: string, options?: CallOptions): Promise<Answer<'postReplaysByIdCancel'>> {
    return this.#transport.act(route`/v1/replays/${replayId}/cancel`, undefined, options)
  }
}
