export { fromDrizzle } from './clients/drizzle.ts'
export { fromKnex } from './clients/knex.ts'
export { fromKysely } from './clients/kysely.ts'
export { fromMikroOrm } from './clients/mikro-orm.ts'
export { fromPg } from './clients/pg.ts'
export { fromPostgresJs } from './clients/postgres-js.ts'
export { fromPrisma, type FromPrismaOptions } from './clients/prisma.ts'
export { fromTypeOrm } from './clients/typeorm.ts'
export { OutboxError, type OutboxErrorCode, PermanentError, RetryLaterError } from './core/errors.ts'
export type {
  DomainEvent,
  EventMap,
  EventName,
  NewEvent,
  NewEventOf,
  UndeclaredEvents,
} from './core/event.ts'
export { type Entity, type Link, LinkType, type NewLink } from './core/link.ts'
export type { State } from './core/outcome.ts'
export { defaultSettings, type PartialSettings, type SettingKey, type Settings } from './core/settings.ts'
export type { StandardSchema } from './core/standard-schema.ts'
export type { Database, Executor, Value } from './database.ts'
export type { DeadLetter, DeadLetters, ListDeadLettersOptions } from './dead-letters.ts'
export { eventTypes } from './event-types.ts'
export type {
  Handler,
  HandlerContext,
  LeaseSubscription,
  SubscribableName,
  Subscription,
  TransactionSubscription,
} from './handler.ts'
export type { FindInboxOptions, InboxService } from './inbox.ts'
export type { FindLinksOptions, LinkOptions, LinkService } from './links.ts'
export type { HandlerLogger, OutboxLogger } from './logger.ts'
export type { EventSchemas, OutboxOptions } from './options.ts'
export {
  type Consumers,
  createOutbox,
  type HandlerInfo,
  type HandlerRegistry,
  type Outbox,
  type PublishOptions,
  type SettingsService,
  type UndeclaredTransaction,
} from './outbox.ts'
export type { ReplayOptions } from './replay.ts'
export type { Consumer } from './store/consumers.ts'
export type { InboxEntry } from './store/inbox.ts'
export type { ConsumerStats, Stats } from './store/stats.ts'
