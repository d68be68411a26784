import type { DomainEvent, EventMap, EventName, NewEvent } from './core/event.ts'
import type { HandlerLogger } from './logger.ts'
import type { InboxService } from './inbox.ts'
import type { LinkService } from './links.ts'

/** What a handler gets beside the event. */
export interface HandlerContext<Events extends EventMap, Tx> {
  /** The transaction that commits together with the mark `processed`; in `lease` mode there is none. */
  readonly tx: Tx
  /** Links made in this transaction. */
  readonly linkService: LinkService<Tx>
  readonly inboxService: InboxService
  readonly logger: HandlerLogger
  /** 1 for the first. */
  readonly attempt: number
  /** Aborted when the application stops and waits no longer, or when this process has lost its lease. */
  readonly signal: AbortSignal
  /** Publishes in this transaction, as a consequence of the event: with its correlation id, caused by it. */
  publish(event: NewEvent<Events>): Promise<string>
  /** Says that the event is none of this consumer's business: it ends as `skipped` when the handler returns. */
  skip(reason?: string): void
}

export type Handler<Payload, Name extends string, Events extends EventMap, Tx> = (
  event: DomainEvent<Payload, Name>,
  ctx: HandlerContext<Events, Tx>,
) => Promise<void> | void

/** A pattern of event names; exact names are typed one by one. */
type Pattern = `${string}*${string}`

/** The declared names that a pattern may match; all of them, where its beginning can't tell. */
type Matched<Events extends EventMap, Name extends string> =
  string extends EventName<Events>
    ? string
    : Name extends Pattern
      ? Name extends `${infer Prefix}.${'*' | '**'}`
        ? Extract<EventName<Events>, Prefix extends Pattern ? string : `${Prefix}.${string}` | Prefix>
        : EventName<Events>
      : Extract<EventName<Events>, Name>

interface SubscriptionOf<Events extends EventMap, Name extends string> {
  /** An exact name, or a pattern: `*` for one segment between dots, `**` for any number of them. */
  readonly eventName: Name
  /** Who handles it; unique in the application, kept in the database, never to be changed lightly. */
  readonly consumerName: string
  /** Among the consumers of one event higher ones go first; 0 if not said. */
  readonly priority?: number | undefined
  /** What a consumer that was never seen before gets: what is published from now on, or all that is still there. */
  readonly from?: 'now' | 'beginning' | undefined
  /** `aggregate`: one at a time and in order for each aggregate, a failing event holds those after it. */
  readonly ordering?: 'none' | 'aggregate' | undefined
  /** How many events this consumer handles at once in this process; 1 if not said. */
  readonly concurrency?: number | undefined
  /** Once per business key, not only once per event. */
  readonly idempotencyKey?:
    | ((event: DomainEvent<Events[Matched<Events, Name>], Matched<Events, Name>>) => string | number | bigint)
    | undefined
}

export interface TransactionSubscription<
  Events extends EventMap,
  Name extends string,
  Tx,
> extends SubscriptionOf<Events, Name> {
  readonly mode?: 'transaction' | undefined
  /**
   * Quick handlers of one consumer share a transaction, each behind a savepoint. Handlers that change the transaction
   * itself (`set local`, temporary tables) ask for their own.
   */
  readonly ownTransaction?: boolean | undefined
  readonly handler: Handler<Events[Matched<Events, Name>], Matched<Events, Name>, Events, Tx>
}

/** For handlers that call the outside world: no transaction is open while they do. */
export interface LeaseSubscription<Events extends EventMap, Name extends string> extends SubscriptionOf<
  Events,
  Name
> {
  readonly mode: 'lease'
  readonly handler: Handler<Events[Matched<Events, Name>], Matched<Events, Name>, Events, undefined>
}

export type Subscription<Events extends EventMap, Name extends string, Tx> =
  TransactionSubscription<Events, Name, Tx> | LeaseSubscription<Events, Name>

export type SubscribableName<Events extends EventMap> = EventName<Events> | Pattern
