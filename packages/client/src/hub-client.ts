import { DeadLetters, Deliveries } from './deliveries.ts'
import { Events, type Answer, type Item, type Query } from './events.ts'
import { Integrations } from './integrations.ts'
import { Keys } from './keys.ts'
import { Replays } from './replays.ts'
import { defaultRetry, type RetryPolicy } from './retry.ts'
import { Sources } from './sources.ts'
import { follow, type Happening, type StreamOptions } from './stream.ts'
import { Transport, type CallOptions } from './transport.ts'

export interface HubClientOptions {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string
  readonly key: string
  /** The CloudEvents `source` of events that name none; with a key that is not a source's own, the source's name. */
  readonly source?: string
  /** Of one attempt, from connecting to the last byte; 30 s. */
  readonly timeoutMs?: number
  /** Of what can be repeated without harm: reading, putting, and sending events. */
  readonly retry?: Partial<RetryPolicy>
  /** Instead of the platform's own, such as one that goes through a proxy. */
  readonly fetch?: typeof fetch
}

const defaultTimeoutMs = 30_000

/** A hub, as its HTTP API describes it. */
export class HubClient {
  readonly events: Events
  readonly deliveries: Deliveries
  readonly deadLetters: DeadLetters
  readonly replays: Replays
  readonly sources: Sources
  readonly integrations: Integrations
  readonly keys: Keys
  readonly #transport: Transport

  constructor(options: HubClientOptions) {
    const { source = '/', timeoutMs = defaultTimeoutMs } = options
    const transport = new Transport({
      url: checkedUrl(options.url),
      key: checkedKey(options.key),
      timeoutMs,
      retry: { ...defaultRetry, ...options.retry },
      // Browsers want it called on the global object.
      fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    })
    this.#transport = transport
    this.events = new Events(transport, source)
    this.deliveries = new Deliveries(transport)
    this.deadLetters = new DeadLetters(transport)
    this.replays = new Replays(transport)
    this.sources = new Sources(transport)
    this.integrations = new Integrations(transport)
    this.keys = new Keys(transport)
  }

  /** Of all integrations together. */
  stats(options?: CallOptions): Promise<Answer<'getStats'>> {
    return this.#transport.get('/v1/stats', {}, options)
  }

  /** What people and keys did, newest first. */
  audit(query?: Query<'getAudit'>, options?: CallOptions): AsyncGenerator<Item<'getAudit'>, void> {
    return this.#transport.list('/v1/audit', query, options)
  }

  /** What happens in the hub, as it happens; after a lost connection it goes on where it was. */
  stream(options: StreamOptions = {}): AsyncGenerator<Happening, void> {
    return follow(this.#transport, options)
  }
}

function checkedUrl(url: unknown): string {
  if (typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))
    return url.replace(/\/+$/, '')
  throw new TypeError(
    `url must be the address of a hub, such as http://127.0.0.1:8080, and not ${String(url)}.`,
  )
}

/** Any other would be refused by `fetch` in words that show it. */
function checkedKey(key: string): string {
  if (typeof key === 'string' && /^[\x21-\x7e]+$/.test(key)) return key
  throw new TypeError('key must be a key of the hub: visible ASCII characters and no spaces.')
}
