import { OutboxError } from './core/errors.ts'
import type { EventMap, NewEvent, UndeclaredEvents } from './core/event.ts'
import { checkSettingKey, type SettingKey, type Settings } from './core/settings.ts'
import { checkSubscription } from './core/subscription.ts'
import { createDeadLetters, type DeadLetters } from './dead-letters.ts'
import type { AnyHandler, Registered } from './engine/registry.ts'
import type { SubscribableName, Subscription } from './handler.ts'
import type { InboxService } from './inbox.ts'
import type { LinkService } from './links.ts'
import { checkOptions, type OutboxOptions } from './options.ts'
import { replay, type ReplayOptions } from './replay.ts'
import { createRuntime, type Runtime } from './runtime.ts'
import { type Consumer, listConsumers, removeConsumer } from './store/consumers.ts'
import { checkVersion, migrateOnce } from './store/migrate.ts'
import { readStats, type Stats } from './store/stats.ts'

export interface PublishOptions<Tx> {
  /** The caller's transaction: the event is published if it commits, and only then. */
  readonly tx?: Tx | undefined
}

export interface Outbox<Events extends EventMap, Tx> {
  /** Creates its tables or brings them up to date; any number of instances may do so at once. */
  migrate(): Promise<void>
  /** Records a fact and returns its id; handlers run later, each consumer on its own. */
  publish(event: NewEvent<Events>, options?: PublishOptions<Tx>): Promise<string>
  /** Records all of them or none. */
  publishMany(events: readonly NewEvent<Events>[], options?: PublishOptions<Tx>): Promise<string[]>
  subscribe<Name extends SubscribableName<Events>>(subscription: Subscription<Events, Name, Tx>): void
  start(): Promise<void>
  stop(): Promise<void>
  /** One step, for tests and cron: how many events were handed to handlers. */
  processBatch(): Promise<number>
  /** Until nothing is due that this process handles: how many events were handed to handlers. */
  drain(): Promise<number>
  /** Deletes now what retention allows to be deleted: how many events. While started, that happens by itself. */
  prune(): Promise<number>
  stats(): Promise<Stats>
  /** Gives a consumer the events of a time again: how many. */
  replay(options: ReplayOptions): Promise<number>
  readonly deadLetters: DeadLetters
  readonly registry: HandlerRegistry
  readonly inbox: InboxService
  readonly links: LinkService<Tx>
  readonly settings: SettingsService
  readonly consumers: Consumers
}

/** The handlers of this process. */
export interface HandlerRegistry {
  /** Those that an event of this name goes to, in the order of their priorities. */
  getHandlers(eventName: string): readonly HandlerInfo[]
  hasHandlers(eventName: string): boolean
  /** Names and patterns that somebody has subscribed to. */
  getEventNames(): string[]
  getHandlerCount(): number
  clear(): void
}

export type HandlerInfo = Pick<
  Registered<unknown>,
  'eventName' | 'consumerName' | 'priority' | 'mode' | 'ordering' | 'concurrency'
>

/** What operations may change while the application runs; every instance follows within seconds. */
export interface SettingsService {
  get<Key extends SettingKey>(key: Key): Promise<Settings[Key]>
  all(): Promise<Settings>
  set<Key extends SettingKey>(key: Key, value: Settings[Key]): Promise<void>
  /** Back to what the application was started with. */
  reset(key: SettingKey): Promise<void>
}

/** Consumers that the database knows, whether or not any process still handles events for them. */
export interface Consumers {
  list(): Promise<Consumer[]>
  /** Forgets a consumer that is gone for good, with all that waits for it; false if there is none. */
  remove(consumerName: string): Promise<boolean>
}

export function createOutbox<Events extends EventMap = UndeclaredEvents, Tx = UndeclaredTransaction>(
  options: OutboxOptions<Events, Tx>,
): Outbox<Events, Tx> {
  const checked = checkOptions(options)
  const runtime = createRuntime(checked)
  const { session, processor, publisher, registry } = runtime
  const sessionFor = (tx: Tx | undefined) => {
    if (tx !== undefined) return runtime.within(tx)
    if (!checked.requireTransaction) return session
    throw new OutboxError(
      'transaction_required',
      'The option requireTransaction is on: give publish() the transaction that the event belongs to, { tx }.',
      'tx',
    )
  }
  const endOf = (tx: Tx | undefined) => {
    if (tx === undefined) return 'committed'
    const hasEnded = () => checked.db.hasEnded?.(tx)
    return hasEnded() === undefined ? 'open' : () => hasEnded() === true
  }
  return {
    migrate: async () => {
      while (await checked.db.transaction((tx) => migrateOnce(runtime.within(tx))));
    },
    publish: async (event, { tx } = {}) => {
      const id = await publisher.publishOne(sessionFor(tx), event)
      processor.published(1, endOf(tx))
      return id
    },
    publishMany: async (events, { tx } = {}) => {
      const ids = await publisher.publishMany(sessionFor(tx), events)
      processor.published(ids.length, endOf(tx))
      return ids
    },
    subscribe: (subscription) => {
      // The handler's own types were checked here, at the call.
      const handler = subscription.handler as AnyHandler<Tx>
      const registered = { ...checkSubscription(subscription), handler }
      registry.add(registered)
      runtime.enrolment.add(registered)
      processor.subscribed()
    },
    start: async () => {
      await checkVersion(session)
      await processor.start()
      runtime.pruner.start()
    },
    stop: async () => {
      await runtime.pruner.stop()
      await processor.stop()
    },
    processBatch: () => runtime.stepper.processBatch(),
    drain: () => runtime.stepper.drain(),
    prune: async () => {
      await runtime.settings.refresh()
      return runtime.pruner.pruneAll()
    },
    stats: () => readStats(session),
    replay: async (range) => {
      await runtime.enrolment.ensure()
      const replayed = await replay(session, range)
      if (replayed > 0) processor.retryIn(0)
      return replayed
    },
    deadLetters: createDeadLetters(session, () => processor.retryIn(0)),
    registry: createRegistryView(runtime),
    inbox: runtime.inbox,
    links: runtime.links,
    settings: createSettingsService(runtime),
    consumers: {
      list: () => listConsumers(session),
      remove: (name) => checked.db.transaction((tx) => removeConsumer(runtime.within(tx), name)),
    },
  }
}

/** What a transaction is to an application that names its events but not its client: see `eventTypes`. */
// oxlint-disable-next-line typescript/no-explicit-any -- whoever declares no types must still be able to use it
export type UndeclaredTransaction = any

function createRegistryView<Tx>({ registry }: Runtime<Tx>): HandlerRegistry {
  return {
    getHandlers: (eventName) => registry.getHandlers(eventName),
    hasHandlers: (eventName) => registry.hasHandlers(eventName),
    getEventNames: () => registry.getEventNames(),
    getHandlerCount: () => registry.getHandlerCount(),
    clear: () => registry.clear(),
  }
}

function createSettingsService<Tx>({ settings }: Runtime<Tx>): SettingsService {
  return {
    get: async (key) => (await settings.refresh())[checkSettingKey(key) as typeof key],
    all: () => settings.refresh(),
    set: (key, value) => settings.set(key, value),
    reset: (key) => settings.reset(key),
  }
}
