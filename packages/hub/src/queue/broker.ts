import { setTimeout as delay } from 'node:timers/promises'
import { CannotStart } from '../core/cannot-start.ts'
import { BrokerAway, BrokerSession, type Work } from './broker-session.ts'

export interface BrokerOptions {
  readonly url: string
  /** Tells the queues of this hub from those of others on the same broker. */
  readonly installation: string
  /** Told of each failed try to connect, and of each connection that broke. */
  readonly onTrouble: (error: unknown) => void
}

const firstRetryMs = 250
const longestRetryMs = 5_000

/** RabbitMQ, to which a connection is made again and again, as long as the hub runs. */
export class Broker {
  readonly #options: BrokerOptions
  readonly #stop = new AbortController()
  #session: BrokerSession | null = null
  #keeping: Promise<void> | null = null

  constructor(options: BrokerOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return this.#session?.isUsable ?? false
  }

  /** Refuses what no waiting would mend; a broker that is only away is waited for beside. */
  async start(): Promise<void> {
    try {
      this.#session = await this.#open()
    } catch (error) {
      const refusal = explain(error)
      if (refusal) throw refusal
      this.#options.onTrouble(error)
    }
    this.#keeping = this.#keep()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#session?.close()
    await this.#keeping
  }

  /** Resolves when the broker has it on disk. */
  async publish(integrationId: number, content: Buffer, expiresInMs: number): Promise<void> {
    await this.#demand().publish(this.#queueOf(integrationId), content, expiresInMs)
  }

  /** The next messages of an integration, which are done when `work` is, and come back when that fails. */
  async next<T>(integrationId: number, most: number, work: Work<T>): Promise<T> {
    return this.#demand().next(this.#queueOf(integrationId), most, work)
  }

  #demand(): BrokerSession {
    if (!this.#session?.isUsable) throw new BrokerAway('the broker is away')
    return this.#session
  }

  #queueOf(integrationId: number | 'trial'): string {
    return `hub.${this.#options.installation}.${integrationId}`
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stop
    for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
      if (this.#session) {
        const reason = await this.#session.ended
        this.#session = null
        if (signal.aborted) return
        this.#options.onTrouble(reason)
        waitMs = firstRetryMs
      }
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (!signal.aborted) await this.#reopen()
    }
    await this.#session?.close()
  }

  async #reopen(): Promise<void> {
    try {
      this.#session = await this.#open()
    } catch (error) {
      this.#options.onTrouble(error)
    }
  }

  #open(): Promise<BrokerSession> {
    return BrokerSession.open(this.#options.url, this.#queueOf('trial'))
  }
}

/** Null: it may be well in a moment. */
function explain(error: unknown): CannotStart | null {
  if (error instanceof CannotStart) return error
  const { message } = error as Error
  if (/ACCESS.REFUSED|NOT.ALLOWED/.test(message))
    return new CannotStart(
      `The broker of HUB_QUEUE_URL refuses the user, its password or the virtual host (${message}); correct the address.`,
      { cause: error },
    )
  if (/feature flag|queue.type|PRECONDITION|NOT.IMPLEMENTED/i.test(message))
    return new CannotStart(
      `The broker of HUB_QUEUE_URL has no quorum queues (${message}); enable its feature flag quorum_queue.`,
      { cause: error },
    )
  if (/Expected ConnectionStart|protocol|frame/i.test(message))
    return new CannotStart('What answers at HUB_QUEUE_URL is no RabbitMQ; correct host and port.', {
      cause: error,
    })
  return null
}
