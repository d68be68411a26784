import type {
  EventName,
  NewEvent,
  NewEventOf,
  UndeclaredEvents,
  UndeclaredTransaction,
} from '@integration-hub/outbox'
import type { Integration } from '../integration.ts'

/** A fact to publish. Without declared events a payload may be left out: an empty object then. */
export type EventInput<Events extends UndeclaredEvents = UndeclaredEvents> =
  string extends EventName<Events>
    ? Omit<NewEventOf<string, unknown>, 'payload'> & { readonly payload?: unknown }
    : NewEvent<Events>

/** A fact, as it was published. */
export type PublishedEvent<Events extends UndeclaredEvents = UndeclaredEvents> = NewEvent<Events> & {
  readonly id: string
}

export interface TransactionOptions<Tx = UndeclaredTransaction> {
  /** The transaction to take part in; the one of the transaction host, where that is set up, if not said. */
  readonly tx?: Tx | undefined
}

type Whole<Events extends UndeclaredEvents, Tx> = [
  event: EventInput<Events>,
  options?: TransactionOptions<Tx> | undefined,
]

type FieldByField<Tx> = [
  eventName: string,
  sourceModule: string,
  aggregateType: string,
  aggregateId: string,
  payload?: unknown,
  metadata?: Readonly<Record<string, unknown>> | undefined,
  options?: TransactionOptions<Tx> | undefined,
]

/** Publishes facts; what is wrong with one is said, by the name of its field, before anything is written. */
export class DomainEventPublisher<
  Events extends UndeclaredEvents = UndeclaredEvents,
  Tx = UndeclaredTransaction,
> {
  private readonly integration: Integration<Events, Tx>

  constructor(integration: Integration<Events, Tx>) {
    this.integration = integration
  }

  async publishEvent(...given: Whole<Events, Tx> | FieldByField<Tx>): Promise<PublishedEvent<Events>> {
    const [event, options] = isFieldByField(given) ? fromFields<Events, Tx>(given) : given
    const complete = withPayload<Events>(event)
    const id = await this.integration.outbox.publish(complete, this.integration.transaction(options?.tx))
    return { ...complete, id }
  }

  /** Publishes all of them or none. */
  async publishEvents(
    events: readonly EventInput<Events>[],
    options?: TransactionOptions<Tx>,
  ): Promise<PublishedEvent<Events>[]> {
    // What is no array is for the outbox to complain about.
    const complete = Array.isArray(events) ? events.map(withPayload<Events>) : (events as NewEvent<Events>[])
    const ids = await this.integration.outbox.publishMany(complete, this.integration.transaction(options?.tx))
    return complete.map((event, index) => ({ ...event, id: ids[index] ?? '' }))
  }
}

function isFieldByField<Events extends UndeclaredEvents, Tx>(
  given: Whole<Events, Tx> | FieldByField<Tx>,
): given is FieldByField<Tx> {
  return typeof given[0] === 'string'
}

function fromFields<Events extends UndeclaredEvents, Tx>(fields: FieldByField<Tx>): Whole<Events, Tx> {
  const [eventName, sourceModule, aggregateType, aggregateId, payload, metadata, options] = fields
  const event = { eventName, sourceModule, aggregateType, aggregateId, payload, metadata }
  // Names and payloads that are given one by one are checked when they are published, not by the compiler.
  return [event as EventInput<Events>, options]
}

function withPayload<Events extends UndeclaredEvents>(event: EventInput<Events>): NewEvent<Events> {
  const { payload = {} } = (event ?? {}) as { payload?: unknown }
  return (typeof event === 'object' && event !== null ? { ...event, payload } : event) as NewEvent<Events>
}
