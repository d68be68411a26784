import pg from 'pg'
import type { CopyRows } from './copy.ts'
import {
  NotSentError,
  beginByIndex,
  bounded,
  committed,
  withConnection,
  type Client,
  type Pool,
} from './database.ts'

/** A statement without parameters; a COPY comes with its rows. */
export interface Statement {
  readonly sql: string
  readonly rows?: CopyRows
}

export type BurstResult = pg.QueryResult<Record<string, unknown>>

/**
 * Sends statements as one message, with the rows of every COPY right behind it instead of waiting until the server asks
 * for them: one round trip for all. When a statement fails, the server skips the others and drops their rows.
 * `onCommit` is called when a COMMIT among them is done, whatever becomes of those behind it.
 */
export function sendBurst(
  client: Client,
  all: readonly Statement[],
  onCommit: () => void = () => undefined,
): Promise<readonly BurstResult[]> {
  const statements = all.filter(({ rows }) => rows?.count !== 0)
  let isSent = false
  return new Promise((resolve, reject) => {
    const query = new pg.Query(statements.map(({ sql }) => sql).join(';\n')) as pg.Query & TellsCompletion
    const send = query.submit.bind(query)
    const complete = query.handleCommandComplete.bind(query)
    Object.assign(query, {
      submit: (connection: pg.Connection) => {
        isSent = true
        connection.stream.cork()
        send(connection)
        for (const { rows } of statements) if (rows) sendRows(connection, rows)
        connection.stream.uncork()
      },
      handleCommandComplete: (message: Completion, connection: pg.Connection) => {
        if (message.text === 'COMMIT') onCommit()
        complete(message, connection)
      },
      // They are on their way already.
      handleCopyInResponse: () => undefined,
      callback: (error: Error | null, results: BurstResult | readonly BurstResult[]) =>
        error
          ? reject(isSent ? error : new NotSentError(error))
          : resolve('rows' in results ? [results] : results),
    })
    client.query(query)
  })
}

interface Completion {
  /** The command, and how many rows it concerned. */
  readonly text: string
}

/** What pg's types leave out of its `Query`. */
interface TellsCompletion {
  handleCommandComplete(message: Completion, connection: pg.Connection): void
}

const copyDone = Buffer.from([0x63, 0, 0, 0, 4])

function sendRows({ stream }: pg.Connection, rows: CopyRows): void {
  const bytes = rows.finish()
  const head = Buffer.from([0x64, 0, 0, 0, 0])
  head.writeUInt32BE(bytes.length + 4, 1)
  stream.write(head)
  stream.write(bytes)
  stream.write(copyDone)
}

export interface Flush<T> {
  readonly value: T
  /** What is still to be sent; COMMIT goes out with it. */
  readonly last: readonly Statement[]
}

export interface Beginning {
  /** Whether it reads or changes rows that are there already: see `beginByIndex`. */
  readonly walksIndexes: boolean
  readonly first: readonly Statement[]
}

/**
 * A transaction of the hot path in as few round trips as it can have: BEGIN goes out with `first`, COMMIT with the
 * last statements. At 64 connections the round trips, not the work, were what a flush took its time for.
 */
export async function flushTransaction<T>(
  pool: Pool,
  begun: Beginning,
  work: (client: Client, found: readonly BurstResult[]) => Promise<Flush<T>>,
): Promise<T> {
  return withConnection(pool, async (client) => {
    const results = await sendBurst(client, beginning(begun))
    const { value, last } = await work(client, results.slice(-begun.first.length))
    await committed(sendBurst(client, [...last, { sql: 'commit' }]))
    return value
  })
}

export function beginning({ walksIndexes, first }: Beginning): readonly Statement[] {
  return [{ sql: bounded(walksIndexes ? beginByIndex : 'begin') }, ...first]
}
