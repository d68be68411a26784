import { cloudEventText, type OutgoingEvent } from './cloud-event.ts'
import type { Operations } from './openapi.ts'
import { route, type Call, type CallOptions, type Transport } from './transport.ts'

export type Query<Name extends keyof Operations> = Operations[Name]['query']
export type Answer<Name extends keyof Operations> = Operations[Name]['answer']
export type Item<Name extends keyof Operations> =
  Answer<Name> extends { readonly items: readonly (infer Each)[] } ? Each : never

export interface SentEvent {
  readonly eventId: string
  /** To how many integrations it goes. */
  readonly deliveries?: number
  /** It was there already: this is the id of the first. */
  readonly duplicate?: true
}

export interface SendOptions extends CallOptions {
  /** With a key that is not a source's own: whose events these are, unless their `source` says so. */
  readonly source?: string | undefined
}

export interface SendOneOptions extends SendOptions {
  /** What the hub recognises a repetition by; else `source` and `id` of the event. */
  readonly idempotencyKey?: string | undefined
}

export class Events {
  readonly #transport: Transport
  readonly #ownSource: string

  constructor(transport: Transport, ownSource: string) {
    this.#transport = transport
    this.#ownSource = ownSource
  }

  /**
   * Resolves once the event is on the hub's disk. While the hub is busy, restarts or cannot be reached it is sent
   * again, and is stored once however often it arrives.
   */
  async send(event: OutgoingEvent, options: SendOneOptions = {}): Promise<SentEvent> {
    const { idempotencyKey } = options
    return this.#transport.json<SentEvent>({
      ...sending(options),
      headers: {
        'content-type': 'application/cloudevents+json',
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      body: cloudEventText(event, this.#ownSource),
    })
  }

  /** All of them or none, as `send` does one; the answers are in the order of the events. */
  async sendBatch(
    events: readonly OutgoingEvent[],
    options: SendOptions = {},
  ): Promise<readonly SentEvent[]> {
    if (events.length === 0) return []
    const answer = await this.#transport.json<{ readonly events: readonly SentEvent[] }>({
      ...sending(options),
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: `[${events.map((event) => cloudEventText(event, this.#ownSource)).join(',')}]`,
    })
    return answer.events
  }

  get(eventId: string, options?: CallOptions): Promise<Answer<'getEventsById'>> {
    return this.#transport.get(route`/v1/events/${eventId}`, {}, options)
  }

  /** The bytes as the source sent them. */
  payload(eventId: string, options: CallOptions = {}): Promise<Uint8Array> {
    return this.#transport.bytes({
      ...options,
      method: 'GET',
      path: route`/v1/events/${eventId}/payload`,
      isRepeatable: true,
    })
  }

  /** Newest first; `limit` is of all that it gives. */
  list(query?: Query<'getEvents'>, options?: CallOptions): AsyncGenerator<Item<'getEvents'>, void> {
    return this.#transport.list('/v1/events', query, options)
  }

  /** One page of the list. */
  page(query?: Query<'getEvents'>, options?: CallOptions): Promise<Answer<'getEvents'>> {
    return this.#transport.get('/v1/events', query, options)
  }
}

function sending({ source, signal }: SendOptions): Call {
  return { method: 'POST', path: '/v1/events', query: { source }, isRepeatable: true, signal }
}
