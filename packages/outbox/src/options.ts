import { OutboxError } from './core/errors.ts'
import type { EventMap } from './core/event.ts'
import { checkSettings, type PartialSettings } from './core/settings.ts'
import type { StandardSchema } from './core/standard-schema.ts'
import type { Database } from './database.ts'
import { completeLogger, type HandlerLogger, type OutboxLogger, quietLogger } from './logger.ts'

/** A Standard Schema for some or all events; it also says the types, where no map of events was declared. */
export type EventSchemas<Events extends EventMap> = {
  readonly [Name in keyof Events]?: StandardSchema<Events[Name]> | undefined
}

export interface OutboxOptions<Events extends EventMap, Tx> {
  /** The application's own client: `fromPg(pool)`, `fromPrisma(prisma)`, … */
  readonly db: Database<Tx>
  /** Where its tables are; `integration` if not said. */
  readonly schema?: string | undefined
  /** What holds here as long as the settings table says nothing else. */
  readonly settings?: PartialSettings | undefined
  readonly logger?: OutboxLogger | undefined
  /** Payloads are checked against these before they are written. */
  readonly events?: EventSchemas<Events> | undefined
  /** Refuses to publish outside of a transaction. */
  readonly requireTransaction?: boolean | undefined
  /** 1 MiB if not said. */
  readonly maxPayloadBytes?: number | undefined
  /** How many transactions handlers hold at once in this process; half of the client's connections, 4 at most, if not said. */
  readonly maxTransactions?: number | undefined
  /** How long `stop()` waits for running handlers before it asks them to end; 10 s if not said. */
  readonly stopTimeoutMs?: number | undefined
}

export interface CheckedOptions<Tx> {
  readonly db: Database<Tx>
  readonly schemaName: string
  readonly settings: PartialSettings
  readonly logger: HandlerLogger
  readonly schemas: Readonly<Record<string, StandardSchema>>
  readonly requireTransaction: boolean
  readonly maxPayloadBytes: number
  readonly maxTransactions: number
  readonly stopTimeoutMs: number
}

const known = new Set([
  'db',
  'schema',
  'settings',
  'logger',
  'events',
  'requireTransaction',
  'maxPayloadBytes',
  'maxTransactions',
  'stopTimeoutMs',
])

/** Checks what the application configures, typed or not. */
export function checkOptions<Events extends EventMap, Tx>(
  options: OutboxOptions<Events, Tx>,
): CheckedOptions<Tx> {
  const unknownOption = Object.keys(options).find((name) => !known.has(name))
  if (unknownOption !== undefined) fail(unknownOption, `is unknown; known are ${[...known].join(', ')}`)
  const { db, schema = 'integration', settings = {}, logger = quietLogger, events = {} } = options
  if (typeof db?.transaction !== 'function') fail('db', 'must be what fromPg(pool) or its likes return')
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    fail('schema', 'must be lower-case letters, digits and underscores, at most 63, beginning with no digit')
  return {
    db,
    schemaName: schema,
    settings: checkSettings(settings),
    logger: completeLogger(logger),
    schemas: events,
    requireTransaction: options.requireTransaction ?? false,
    maxPayloadBytes: checkCount(options.maxPayloadBytes ?? 1_048_576, 'maxPayloadBytes', 268_435_456),
    maxTransactions: checkCount(
      options.maxTransactions ?? defaultTransactions(db.connections),
      'maxTransactions',
      1_000,
    ),
    stopTimeoutMs: checkCount(options.stopTimeoutMs ?? 10_000, 'stopTimeoutMs', 86_400_000),
  }
}

function defaultTransactions(connections = 10): number {
  return Math.max(1, Math.min(4, Math.floor(connections / 2)))
}

function checkCount(value: unknown, option: string, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value
  fail(option, `must be a whole number from 1 to ${most}`)
}

function fail(option: string, problem: string): never {
  throw new OutboxError('invalid_option', `The option ${option} ${problem}.`, option)
}
