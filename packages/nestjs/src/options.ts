import {
  OutboxError,
  type OutboxOptions,
  type UndeclaredEvents,
  type UndeclaredTransaction,
} from '@integration-hub/outbox'
import type { TransactionHost } from './transaction-host.ts'

/** Everything that `createOutbox` takes, and what belongs to a NestJS application. */
export interface IntegrationModuleOptions<
  Events extends UndeclaredEvents = UndeclaredEvents,
  Tx = UndeclaredTransaction,
> extends OutboxOptions<Events, Tx> {
  /** Creates the tables, or brings them up to date, when the application starts. */
  readonly migrate?: boolean | undefined
  /** Whether events are handled from the start of the application to its end; if not, `OutboxProcessor` is there for it. */
  readonly autoStart?: boolean | undefined
  /** The `TransactionHost` of `@nestjs-cls/transactional`: publishing then joins its transaction, and handlers run in one. */
  readonly transactionHost?: TransactionHost<Tx> | undefined
  /** What the transaction host is given for the transactions of handlers, such as Prisma's `{ timeout: 600_000 }`. */
  readonly transactionOptions?: object | undefined
  /** For methods that are decorated with `@HubWebhook()`. */
  readonly webhook?: WebhookOptions | undefined
}

export interface WebhookOptions {
  /** The secret of the integration that delivers here; several while one is being rotated, or for several integrations. */
  readonly secrets?: string | readonly string[] | undefined
}

/** What this package itself has to know; the rest is the outbox's. */
export interface SplitOptions<Events extends UndeclaredEvents, Tx> {
  readonly outbox: OutboxOptions<Events, Tx>
  readonly migrate: boolean
  readonly autoStart: boolean
  readonly transactionHost: TransactionHost<Tx> | undefined
  readonly transactionOptions: object
  readonly webhook: WebhookOptions
}

export function splitOptions<Events extends UndeclaredEvents, Tx>(
  options: IntegrationModuleOptions<Events, Tx>,
): SplitOptions<Events, Tx> {
  const {
    migrate = false,
    autoStart = true,
    transactionHost,
    transactionOptions = {},
    webhook = {},
    ...outbox
  } = options
  checkSwitch(migrate, 'migrate')
  checkSwitch(autoStart, 'autoStart')
  if (transactionHost !== undefined) checkHost(transactionHost)
  checkSecrets(webhook.secrets)
  return { outbox, migrate, autoStart, transactionHost, transactionOptions, webhook }
}

function checkSwitch(value: unknown, option: string): void {
  if (typeof value !== 'boolean') fail(option, 'must be true or false')
}

function checkHost(host: Partial<TransactionHost<unknown>> | null): void {
  if (typeof host?.withTransaction === 'function' && typeof host.isTransactionActive === 'function') return
  fail('transactionHost', 'must be the TransactionHost of @nestjs-cls/transactional')
}

function checkSecrets(secrets: unknown): void {
  const all = typeof secrets === 'string' ? [secrets] : (secrets ?? [])
  if (Array.isArray(all) && all.every((secret) => typeof secret === 'string' && secret !== '')) return
  fail('webhook.secrets', 'must be a secret, or an array of them')
}

function fail(option: string, problem: string): never {
  throw new OutboxError('invalid_option', `The option ${option} ${problem}.`, option)
}
