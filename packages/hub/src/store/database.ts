import { setTimeout as delay } from 'node:timers/promises'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import { HubClient, NoAnswerError, type ClientSettings } from './client.ts'

/** Every value of int8 here fits a double exactly: sequences, counts, sizes. */
const int8Oid = 20

export interface DatabaseOptions extends Pick<ClientSettings, 'answerWithinMs' | 'isPooled'> {
  readonly url: string
  readonly applicationName: string
  readonly maxConnections: number
  /** What carries a connection; a socket by default. */
  readonly stream?: () => Duplex
}

export type Client = pg.ClientBase
export type Pool = pg.Pool

function clientConfig(options: DatabaseOptions): ClientSettings {
  const { answerWithinMs, isPooled } = options
  return {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    ...(options.stream === undefined ? {} : { stream: options.stream }),
    answerWithinMs,
    isPooled,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === int8Oid
          ? Number
          : (pg.types.getTypeParser(oid, format ?? 'text') as (value: string) => unknown),
    },
  }
}

export function openPool(options: DatabaseOptions, onIdleError: (error: Error) => void): Pool {
  const pool = new pg.Pool({
    ...clientConfig(options),
    Client: HubClient,
    max: options.maxConnections,
    idleTimeoutMillis: 30_000,
  })
  // A connection that breaks while idle is replaced at the next use; without a listener it would end the process.
  pool.on('error', onIdleError)
  const sessions = new Set<Promise<unknown>>()
  sessionsOf.set(pool, sessions)
  pool.on('connect', (client) => {
    // The pool listens only while it is idle. In use, whoever uses it hears of it by the rejection of its query.
    client.on('error', () => undefined)
    const ended = new Promise((resolve) => client.once('end', resolve))
    sessions.add(ended)
    void ended.then(() => sessions.delete(ended))
  })
  return pool
}

const sessionsOf = new WeakMap<Pool, Set<Promise<unknown>>>()

const closeWithinMs = 2_000

/**
 * The pool's own `end` does not wait until its sessions have ended, and a server that stops next would complain of
 * them; but it waits for ever for one whose server does not answer.
 */
export async function closePool(pool: Pool): Promise<void> {
  const ended = pool.end().then(() => Promise.all([...(sessionsOf.get(pool) ?? [])]))
  await Promise.race([ended, delay(closeWithinMs, undefined, { ref: false })])
}

/** The connection was lost while COMMIT was under way: what is on disk is unknown. */
export class CommitUnknownError extends Error {
  constructor(cause: unknown) {
    super('the connection was lost in COMMIT', { cause })
  }
}

/** The connection was lost before anything of a message went out: nothing of it is on disk. */
export class NotSentError extends Error {
  constructor(cause: unknown) {
    super('the connection was lost before the message was sent', { cause })
  }
}

/**
 * The tables of the hot path grow and shrink by millions of rows within minutes, which statistics never follow: whoever
 * walks them does so along an index, whatever the planner believes. (A bitmap has no order: for the first ten rows it
 * reads all.)
 */
const alongIndexes = without('seqscan', 'bitmapscan', 'hashjoin', 'mergejoin')

/** In the order of the index too, to stop as soon as it has enough. */
export const alongSortedIndexes = `${alongIndexes}; ${without('sort')}`

/** How the transactions of the hot path begin. */
export const beginByIndex = `begin; ${alongIndexes}`

/** As one statement, of which each costs the hot path a message. */
function without(...ways: readonly string[]): string {
  return `select ${ways.map((way) => `set_config('enable_${way}', 'off', true)`).join()}`
}

/** Whoever stops in the middle of a transaction, or whose host is gone, must not hold its locks for ever. */
const endIfIdle = "set local idle_in_transaction_session_timeout = '10s'"

/** To PostgreSQL whatever is kept from its sequential scans looks dear enough to be compiled, for seconds. */
const uncompiled = 'set local jit = off'

/** How every transaction begins. */
export function bounded(begin: string): string {
  return `${begin}; ${endIfIdle}; ${uncompiled}`
}

/** Rejects when the database does not answer. */
export async function ping(pool: Pool): Promise<void> {
  await pool.query('select')
}

/** Runs `work` in one transaction. */
export async function transaction<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
  begin = 'begin',
): Promise<T> {
  return withConnection(pool, (client) => inTransaction(client, work, begin))
}

/** As `transaction`, only that its connection counts as lost when all of it is not done in time. */
export async function transactionWithin<T>(
  pool: Pool,
  withinMs: number,
  work: (client: Client) => Promise<T>,
  begin = 'begin',
): Promise<T> {
  const late = Promise.withResolvers<never>()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    late.reject(new NoAnswerError())
  }, withinMs)
  const connecting = pool.connect()
  // One that comes after nobody waits for it any more goes back unused.
  connecting.then(
    (client) => isLate && client.release(),
    () => undefined,
  )
  try {
    const client = await Promise.race([connecting, late.promise])
    return await lend(client, () => Promise.race([inTransaction(client, work, begin), late.promise]))
  } finally {
    clearTimeout(timer)
  }
}

async function inTransaction<T>(
  client: Client,
  work: (client: Client) => Promise<T>,
  begin: string,
): Promise<T> {
  await client.query(bounded(begin))
  const result = await work(client)
  await committed(client.query('commit'))
  return result
}

/** Lends a connection for one transaction: an error rolls it back, and a broken connection is dropped. */
export async function withConnection<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  return lend(await pool.connect(), work)
}

async function lend<T>(client: pg.PoolClient, work: (client: Client) => Promise<T>): Promise<T> {
  let broken: Error | undefined
  try {
    return await work(client)
  } catch (error) {
    broken = await rollBack(client, error)
    throw error
  } finally {
    client.release(broken)
  }
}

/** After this error. Returns why the connection cannot be used again, if so. */
export async function rollBack(client: Client, after: unknown): Promise<Error | undefined> {
  if (hasNoAnswer(after)) return after
  return client.query('rollback').then(
    () => undefined,
    (error: Error) => error,
  )
}

/** It would not answer to ROLLBACK either. */
function hasNoAnswer(error: unknown): error is Error {
  const isWrapped = error instanceof CommitUnknownError || error instanceof NotSentError
  return (isWrapped ? error.cause : error) instanceof NoAnswerError
}

/** Awaits a message with COMMIT in it: when the connection breaks now, nobody knows. */
export async function committed(message: Promise<unknown>): Promise<void> {
  await message.catch((error: unknown) => {
    throw isServerError(error) || error instanceof NotSentError ? error : new CommitUnknownError(error)
  })
}

/** Whether PostgreSQL itself said so; then the transaction is surely not committed. */
export function isServerError(error: unknown): error is pg.DatabaseError {
  // An administrator's or a crash's end of the session may come after the commit record was written.
  return error instanceof pg.DatabaseError && !error.code?.startsWith('57P') && !error.code?.startsWith('08')
}

/** The data itself cannot be stored, or not even be written down: another try of the same rows fails the same way. */
export function isDataError(error: unknown): boolean {
  return (
    error instanceof RangeError || (error instanceof pg.DatabaseError && /^(22|23|54)/.test(error.code ?? ''))
  )
}

export function isMissingPartition(error: unknown): boolean {
  // Not told by its text, which is in the server's language: a check that fails names its constraint, this does not.
  return (
    error instanceof pg.DatabaseError &&
    error.code === '23514' &&
    error.table !== undefined &&
    error.constraint === undefined
  )
}

/** Two transactions were in each other's way and this one was chosen to begin again, or its connection was gone. */
export function mayBeginAgain(error: unknown): boolean {
  if (error instanceof NotSentError) return true
  return error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01')
}
