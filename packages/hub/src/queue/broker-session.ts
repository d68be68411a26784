import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type Channel, type ChannelModel, type ConfirmChannel, type GetMessage } from 'amqplib'
import { CannotStart } from '../core/cannot-start.ts'

/** What is to be done with the contents of messages, and whether there were no more. */
export type Work<T> = (contents: readonly Buffer[], isLast: boolean) => Promise<T>

/** The broker cannot do it now; what was to be done is done without it. */
export class BrokerAway extends Error {}

const heartbeatSeconds = 10
const answerWithinMs = 5_000
const closeWithinMs = 1_000
const oldest = [3, 10]
/** A message that comes back so often, because whoever got it died of it, is dropped; its rows are free in time. */
const deliveryLimit = 5

/**
 * One connection to RabbitMQ. Anything that fails or is not answered in time ends all of it, and its socket: then the
 * broker takes back every message that nobody here waits for any more.
 *
 *   opening ── all answered ──► usable ── memory or disk ──► blocked
 *      └───── a close, an error, a silence, `close()`, no more blocked ─────► over
 */
export class BrokerSession {
  readonly #model: ChannelModel
  readonly #ended = Promise.withResolvers<unknown>()
  readonly #declared = new Set<string>()
  /** Messages that came back because no queue took them. */
  readonly #returned = new Set<string>()
  #publishing!: ConfirmChannel
  #asking!: Channel
  #isOver = false
  #isBlocked = false
  /** How to give up what waits for an answer. */
  readonly #givingUp = new Set<(error: BrokerAway) => void>()
  /** One question at a time: what still stands in line when the connection ends is never sent. */
  #lastTurn: Promise<void> = Promise.resolve()

  private constructor(model: ChannelModel) {
    this.#model = model
  }

  /** Throws what the broker says is wrong, where it says something. */
  static async open(url: string, trialQueue: string): Promise<BrokerSession> {
    const session = new BrokerSession(await connectTo(url))
    try {
      await session.#open(trialQueue)
      return session
    } catch (error) {
      session.#end(error)
      // Why it was closed is told to the connection; whoever waits on a channel hears only that there is no answer.
      throw await session.ended
    }
  }

  /** Resolves with the reason when it is over. */
  get ended(): Promise<unknown> {
    return this.#ended.promise
  }

  /** Not over, and not asked to hold back for want of the broker's memory or disk. */
  get isUsable(): boolean {
    return !this.#isOver && !this.#isBlocked
  }

  /** Resolves when the broker has it on disk. */
  async publish(queue: string, content: Buffer, expiresInMs: number): Promise<void> {
    await this.#declare(queue)
    const messageId = content.toString()
    const options = { persistent: true, mandatory: true, expiration: expiresInMs, messageId }
    await this.#answerTo(async () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#publishing.sendToQueue(queue, content, options, (error: unknown) =>
        error ? reject(error) : resolve(),
      )
      await promise
    })
    if (!this.#returned.delete(messageId)) return
    this.#declared.delete(queue)
    throw new BrokerAway('no queue took a message')
  }

  /** The next messages of a queue, which are done when `work` is, and come back to the queue when that fails. */
  async next<T>(queue: string, most: number, work: Work<T>): Promise<T> {
    await this.#declare(queue)
    const messages: GetMessage[] = []
    let isLast = false
    while (messages.length < most && !isLast) {
      const message = await this.#ask((channel): PromiseLike<GetMessage | false> => channel.get(queue))
      if (message) messages.push(message)
      isLast = !message || message.fields.messageCount === 0
    }
    const contents = messages.map(({ content }) => content)
    const result = await work(contents, isLast).catch((error: unknown) => {
      for (const message of messages) this.#tell(() => this.#asking.nack(message))
      throw error
    })
    // What was done is done, whatever became of the channel: at worst they come again.
    for (const message of messages) this.#tell(() => this.#asking.ack(message))
    return result
  }

  /** As one who says good-bye, but does not wait for ever to hear it. */
  async close(): Promise<void> {
    const closed = this.#model.close().catch(() => undefined)
    await Promise.race([closed, this.ended, delay(closeWithinMs, undefined, { ref: false })])
    this.#end(new BrokerAway('the connection to the broker is closed'))
  }

  async #open(trialQueue: string): Promise<void> {
    const over = (reason?: unknown): void =>
      this.#end(reason ?? new BrokerAway('the broker closed the connection'))
    this.#model.on('error', over).on('close', over)
    this.#model.on('blocked', () => this.#holdBack())
    // What was asked meanwhile would be answered now, and its messages would be nobody's.
    this.#model.on('unblocked', () => this.#end(new BrokerAway('the broker has room again')))
    demandVersion(this.#model)
    this.#publishing = await this.#answerTo(() => this.#model.createConfirmChannel())
    this.#publishing.on('return', ({ properties }) => this.#returned.add(String(properties.messageId)))
    this.#asking = await this.#answerTo(() => this.#model.createChannel())
    // A channel that broke takes its connection along: what it had declared may be gone.
    for (const channel of [this.#publishing, this.#asking]) channel.on('error', over).on('close', over)
    await this.#ask((channel) => declareQueue(channel, trialQueue))
    await this.#ask((channel) => channel.deleteQueue(trialQueue))
  }

  async #declare(queue: string): Promise<void> {
    if (this.#declared.has(queue)) return
    await this.#ask((channel) => declareQueue(channel, queue))
    this.#declared.add(queue)
  }

  async #ask<T>(question: (channel: Channel) => PromiseLike<T>): Promise<T> {
    const before = this.#lastTurn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#lastTurn = promise
    await before
    try {
      return await this.#answerTo(() => question(this.#asking))
    } finally {
      resolve()
    }
  }

  /** Whatever goes wrong on the way, the broker is away, and this connection to it is over. */
  async #answerTo<T>(question: () => PromiseLike<T>): Promise<T> {
    const { promise: givenUp, reject } = Promise.withResolvers<never>()
    this.#givingUp.add(reject)
    try {
      if (!this.isUsable) throw new BrokerAway('the connection to the broker is over, or held back')
      return await within(Promise.race([question(), givenUp]), answerWithinMs)
    } catch (cause) {
      const error =
        cause instanceof BrokerAway ? cause : new BrokerAway(`the broker failed: ${String(cause)}`, { cause })
      if (!this.#isBlocked) this.#end(error)
      throw error
    } finally {
      this.#givingUp.delete(reject)
    }
  }

  /** It reads nothing of this connection now: nobody waits for that, and the connection stays to hear when it ends. */
  #holdBack(): void {
    this.#isBlocked = true
    this.#giveUp(new BrokerAway('the broker asks to be left alone'))
  }

  #giveUp(error: BrokerAway): void {
    for (const giveUp of this.#givingUp) giveUp(error)
  }

  #tell(answer: () => void): void {
    try {
      answer()
    } catch (error) {
      // It gives its messages back by itself.
      this.#end(error)
    }
  }

  #end(reason: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#ended.resolve(reason)
    this.#giveUp(new BrokerAway('the connection to the broker is over', { cause: reason }))
    // Not asked to close: who does not answer would not answer that either.
    socketOf(this.#model).destroy(new Error('the connection is over'))
  }
}

async function connectTo(url: string): Promise<ChannelModel> {
  const address = new URL(url)
  address.searchParams.set('heartbeat', String(heartbeatSeconds))
  const connecting = connect(address.href, { timeout: answerWithinMs, noDelay: true })
  return within(connecting, answerWithinMs).catch((error: unknown) => {
    void connecting.then(
      (late) => socketOf(late).destroy(),
      () => undefined,
    )
    throw error
  })
}

/** What amqplib's types leave out. */
function socketOf({ connection }: ChannelModel): Socket {
  return (connection as unknown as { readonly stream: Socket }).stream
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
