import type { HubClient } from '@integration-hub/client'
import { OutboxError, PermanentError, RetryLaterError } from '../core/errors.ts'
import type { DomainEvent, EventMap } from '../core/event.ts'
import type { HandlerContext, SubscribableName } from '../handler.ts'
import type { HandlerLogger } from '../logger.ts'
import type { Outbox } from '../outbox.ts'
import { isFromHub, toCloudEvent } from './envelope.ts'

/** What is needed of a `HubClient`. */
export interface HubSender {
  readonly events: Pick<HubClient['events'], 'send'>
}

export interface ForwardOptions<Events extends EventMap> {
  /** Exact names and patterns, as in `subscribe`. */
  readonly eventNames: readonly SubscribableName<Events>[]
  /** The source in the hub whose events these are. */
  readonly source: string
  /** `hub` if not said. Two hubs need two names. */
  readonly consumerName?: string | undefined
  readonly from?: 'now' | 'beginning' | undefined
  /** `aggregate`: the events of an aggregate arrive in the hub in their order. */
  readonly ordering?: 'none' | 'aggregate' | undefined
  /** How many are on their way at once; 16 if not said. */
  readonly concurrency?: number | undefined
  /** When an event that the hub could not take is sent again, after the client's own retries; 10 s if not said. */
  readonly retryAfterMs?: number | undefined
}

const defaultConcurrency = 16
const defaultRetryAfterMs = 10_000

/** What no repetition can mend: the event itself is not acceptable to this hub. */
const unacceptable = new Set([400, 409, 413, 415, 422])

/**
 * Delivers events to the hub, each once, whatever crashes in between. While the hub is away or refuses the key they wait
 * and use up no attempts; what it can not accept goes to the dead letters. Events that came from the hub stay here.
 */
export function forwardToHub<Events extends EventMap, Tx>(
  outbox: Outbox<Events, Tx>,
  hub: HubSender,
  options: ForwardOptions<Events>,
): void {
  checkOptions(hub, options)
  const { source, consumerName = 'hub', from, ordering } = options
  const { concurrency = defaultConcurrency, retryAfterMs = defaultRetryAfterMs } = options
  const absence = new Absence()
  const handler = async (event: DomainEvent, ctx: HandlerContext<Events, undefined>): Promise<void> => {
    if (isFromHub(event)) return ctx.skip('it came from the hub')
    await send(hub, event, source, { ...ctx, absence, retryAfterMs })
  }
  for (const eventName of options.eventNames)
    outbox.subscribe({ eventName, consumerName, concurrency, from, ordering, mode: 'lease', handler })
}

interface Sending extends Pick<HandlerContext<EventMap, undefined>, 'signal' | 'logger'> {
  readonly absence: Absence
  readonly retryAfterMs: number
}

async function send(
  hub: HubSender,
  event: DomainEvent,
  source: string,
  { signal, logger, absence, retryAfterMs }: Sending,
): Promise<void> {
  try {
    await hub.events.send(toCloudEvent(event, source), { source, signal })
    absence.ended(logger)
  } catch (error) {
    if (signal.aborted) throw error
    const { status } = error as { readonly status?: unknown }
    if (typeof status === 'number' && unacceptable.has(status))
      throw new PermanentError(`The hub does not accept it: ${messageOf(error)}`, { cause: error })
    absence.began(logger, error)
    throw new RetryLaterError(messageOf(error), { delayMs: retryAfterMs, cause: error })
  }
}

/** One line when the hub stops taking events and one when it takes them again, however many wait. */
class Absence {
  private isOn = false

  began(logger: HandlerLogger, error: unknown): void {
    if (this.isOn) return
    this.isOn = true
    logger.warn('The hub takes no events now; they wait in the outbox.', { error })
  }

  ended(logger: HandlerLogger): void {
    if (!this.isOn) return
    this.isOn = false
    logger.info('The hub takes events again.')
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function checkOptions<Events extends EventMap>(hub: HubSender, options: ForwardOptions<Events>): void {
  if (typeof hub?.events?.send !== 'function')
    throw new OutboxError('invalid_argument', 'hub must be a HubClient of @integration-hub/client.', 'hub')
  if (typeof options?.source !== 'string' || options.source === '')
    throw new OutboxError('invalid_argument', 'source must name a source of the hub.', 'source')
  if (!Array.isArray(options.eventNames) || options.eventNames.length === 0)
    throw new OutboxError('invalid_argument', 'eventNames must hold at least one name.', 'eventNames')
}
