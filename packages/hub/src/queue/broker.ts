import { setTimeout as delay } from 'node:timers/promises'
import { connect, IllegalOperationError, type Channel, type ChannelModel, type ConfirmChannel } from 'amqplib'
import { CannotStart } from '../core/cannot-start.ts'

export interface BrokerOptions {
  readonly url: string
  /** Tells the queues of this hub from those of others on the same broker. */
  readonly installation: string
  /** Told of each failed try to connect, and of each connection that broke. */
  readonly onTrouble: (error: unknown) => void
}

/** The broker cannot do it now; what was to be done is done without it. */
export class BrokerAway extends Error {}

interface Session {
  readonly model: ChannelModel
  readonly publishing: ConfirmChannel
  readonly getting: Channel
  /** Queues that are known to be there. */
  readonly declared: Set<string>
  /** Messages that came back because no queue took them. */
  readonly returned: Set<string>
}

const heartbeatSeconds = 10
const connectWithinMs = 5_000
const confirmWithinMs = 5_000
const firstRetryMs = 250
const longestRetryMs = 5_000
const oldest = [3, 10]
/** A message that comes back so often, because whoever got it died of it, is dropped; its rows are free in time. */
const deliveryLimit = 5

/** One connection to RabbitMQ that is made again and again, as long as the hub runs. */
export class Broker {
  readonly #options: BrokerOptions
  #session: Session | null = null
  #blocked = false
  #stopped = false
  #keeping: Promise<void> | null = null

  constructor(options: BrokerOptions) {
    this.#options = options
  }

  /** Connected, and not asked to hold back for want of its memory or disk. */
  get isUp(): boolean {
    return this.#session !== null && !this.#blocked
  }

  /** Refuses what no waiting would mend; a broker that is only away is waited for beside. */
  async start(): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      const refusal = explain(error)
      if (refusal) throw refusal
      this.#options.onTrouble(error)
    }
    this.#keeping = this.#keep()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const session = this.#session
    this.#session = null
    await session?.model.close().catch(() => undefined)
    await this.#keeping
  }

  /** Resolves when the broker has it on disk. */
  async publish(integrationId: number, content: Buffer, expiresInMs: number): Promise<void> {
    const session = this.#demand()
    const queue = await this.#declare(session, integrationId)
    const messageId = content.toString()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const options = { persistent: true, mandatory: true, expiration: expiresInMs, messageId }
    session.publishing.sendToQueue(queue, content, options, (error: unknown) =>
      error ? reject(new BrokerAway('the broker refused a message', { cause: error })) : resolve(),
    )
    await within(promise, confirmWithinMs)
    if (!session.returned.delete(messageId)) return
    session.declared.delete(queue)
    throw new BrokerAway('no queue took a message')
  }

  /** The next message of an integration, which is done when `work` is, and comes back to the queue when that fails. */
  async next<T>(integrationId: number, work: (content: Buffer) => Promise<T>): Promise<T | null> {
    const session = this.#demand()
    const queue = await this.#declare(session, integrationId)
    const message = await within(session.getting.get(queue), confirmWithinMs)
    if (!message) return null
    const result = await work(message.content).catch((error: unknown) => {
      ifOpen(() => session.getting.nack(message))
      throw error
    })
    // What was done is done, whatever became of the channel: at worst the message comes again.
    ifOpen(() => session.getting.ack(message))
    return result
  }

  #demand(): Session {
    if (!this.#session || this.#blocked) throw new BrokerAway('the broker is away')
    return this.#session
  }

  async #declare(session: Session, integrationId: number): Promise<string> {
    const queue = `hub.${this.#options.installation}.${integrationId}`
    if (!session.declared.has(queue)) {
      await within(declareQueue(session.getting, queue), confirmWithinMs)
      session.declared.add(queue)
    }
    return queue
  }

  async #keep(): Promise<void> {
    for (let waitMs = firstRetryMs; !this.#stopped;) {
      if (this.#session) {
        waitMs = firstRetryMs
        await delay(firstRetryMs, undefined, { ref: false })
        continue
      }
      await delay(waitMs, undefined, { ref: false })
      waitMs = Math.min(waitMs * 2, longestRetryMs)
      await this.#open().catch((error: unknown) => this.#options.onTrouble(error))
    }
  }

  async #open(): Promise<void> {
    if (this.#stopped) return
    const { url, installation } = this.#options
    const address = new URL(url)
    address.searchParams.set('heartbeat', String(heartbeatSeconds))
    const model = await connect(address.href, { timeout: connectWithinMs, noDelay: true })
    // Why it was closed is told to the connection; whoever waits for an answer on a channel hears that there is none.
    let reason: Error | null = null
    model.on('error', (error) => (reason = error))
    try {
      demandVersion(model)
      const [publishing, getting] = [await model.createConfirmChannel(), await model.createChannel()]
      const session = { model, publishing, getting, declared: new Set<string>(), returned: new Set<string>() }
      for (const channel of [publishing, getting]) channel.on('error', () => undefined)
      await declareQueue(getting, `hub.${installation}.probe`)
      await getting.deleteQueue(`hub.${installation}.probe`)
      this.#watch(session)
    } catch (error) {
      await model.close().catch(() => undefined)
      throw reason ?? error
    }
  }

  #watch(session: Session): void {
    const { model, publishing, getting, returned } = session
    const over = (reason: unknown): void => {
      if (this.#session !== session) return
      this.#session = null
      this.#options.onTrouble(reason ?? new BrokerAway('the broker closed the connection'))
      // A channel that broke takes its connection along: what it had declared may be gone.
      void model.close().catch(() => undefined)
    }
    for (const part of [model, publishing, getting]) part.on('close', over)
    publishing.on('return', ({ properties }) => returned.add(String(properties.messageId)))
    model.on('blocked', () => (this.#blocked = true))
    model.on('unblocked', () => (this.#blocked = false))
    this.#blocked = false
    if (this.#stopped) void model.close().catch(() => undefined)
    else this.#session = session
  }
}

/** A channel that closed meanwhile gives its messages back by itself. */
function ifOpen(answer: () => void): void {
  try {
    answer()
  } catch (error) {
    if (!(error instanceof IllegalOperationError)) throw error
  }
}

async function declareQueue(channel: Channel, queue: string): Promise<void> {
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': deliveryLimit },
  })
}

function demandVersion(model: ChannelModel): void {
  const { version } = model.connection.serverProperties
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldest
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  throw new CannotStart(
    `The broker of HUB_QUEUE_URL is version ${version}; the hub needs RabbitMQ 3.10 or newer.`,
  )
}

async function within<T>(answer: PromiseLike<T>, limitMs: number): Promise<T> {
  const timer = new AbortController()
  const late = delay(limitMs, undefined, { signal: timer.signal, ref: false }).then(
    () => {
      throw new BrokerAway('the broker did not answer in time')
    },
    () => new Promise<never>(() => undefined),
  )
  try {
    return await Promise.race([answer, late])
  } finally {
    timer.abort()
  }
}

/** Null: it may be well in a moment. */
function explain(error: unknown): CannotStart | null {
  if (error instanceof CannotStart) return error
  const { message } = error as Error
  if (/ACCESS_REFUSED|ACCESS-REFUSED|NOT_ALLOWED|NOT-ALLOWED|403|530/.test(message))
    return new CannotStart(
      `The broker of HUB_QUEUE_URL refuses the user, its password or the virtual host (${message}); correct the address.`,
      { cause: error },
    )
  if (/feature flag|queue.type|PRECONDITION|NOT_IMPLEMENTED|540|406/i.test(message))
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
