import type {
  HandlerContext,
  HandlerInfo,
  SubscribableName,
  Subscription,
  TransactionSubscription,
  UndeclaredEvents,
  UndeclaredTransaction,
} from '@integration-hub/outbox'
import type { Integration } from '../integration.ts'

/** What a handler gets beside the event. */
export type SubscriberContext<
  Tx = UndeclaredTransaction,
  Events extends UndeclaredEvents = UndeclaredEvents,
> = HandlerContext<Events, Tx>

export type SubscriberDefinition<
  Events extends UndeclaredEvents = UndeclaredEvents,
  Tx = UndeclaredTransaction,
  Name extends SubscribableName<Events> = SubscribableName<Events>,
> = Subscription<Events, Name, Tx>

type HandlerOf<
  Events extends UndeclaredEvents,
  Name extends SubscribableName<Events>,
  Tx,
> = TransactionSubscription<Events, Name, Tx>['handler']

/** The handlers of this application. */
export class EventSubscriberRegistry<
  Events extends UndeclaredEvents = UndeclaredEvents,
  Tx = UndeclaredTransaction,
> {
  private readonly integration: Integration<Events, Tx>

  constructor(integration: Integration<Events, Tx>) {
    this.integration = integration
  }

  registerHandler<Name extends SubscribableName<Events>>(definition: Subscription<Events, Name, Tx>): void {
    const { outbox, meter } = this.integration
    const { consumerName, handler } = definition ?? {}
    // What is no handler is for the outbox to complain about.
    const measured = typeof handler === 'function' ? meter.measure(consumerName, handler as never) : handler
    outbox.subscribe({ ...definition, handler: measured } as Subscription<Events, Name, Tx>)
  }

  subscribe<Name extends SubscribableName<Events>>(
    eventName: Name,
    consumerName: string,
    handler: HandlerOf<Events, Name, Tx>,
    priority = 0,
  ): void {
    this.registerHandler<Name>({ eventName, consumerName, handler, priority })
  }

  subscribeMany(definitions: readonly SubscriberDefinition<Events, Tx>[]): void {
    for (const definition of definitions) this.registerHandler(definition)
  }

  /** Those that an event of this name goes to, in the order of their priorities. */
  getHandlers(eventName: string): readonly HandlerInfo[] {
    return this.integration.outbox.registry.getHandlers(eventName)
  }

  hasHandlers(eventName: string): boolean {
    return this.integration.outbox.registry.hasHandlers(eventName)
  }

  /** Names and patterns that somebody has subscribed to. */
  getEventNames(): string[] {
    return this.integration.outbox.registry.getEventNames()
  }

  getHandlerCount(): number {
    return this.integration.outbox.registry.getHandlerCount()
  }

  clear(): void {
    this.integration.outbox.registry.clear()
  }
}
