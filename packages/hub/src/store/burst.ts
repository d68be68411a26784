import pg from 'pg'
import type { CopyRows } from './copy.ts'
import { beginByIndex, bounded, committed, withConnection, type Client, type Pool } from './database.ts'

/** A statement without parameters; a COPY comes with its rows. */
export interface Statement {
  readonly sql: string
  readonly rows?: CopyRows
}

export type BurstResult = pg.QueryResult<Record<string, unknown>>

/**
 * Sends statements as one message, with the rows of every COPY right behind it instead of waiting until the server asks
 * for them: one round trip for all. When a statement fails, the server skips the others and drops their rows.
 */
export function sendBurst(client: Client, all: readonly Statement[]): Promise<readonly BurstResult[]> {
  const statements = all.filter(({ rows }) => rows?.count !== 0)
  return new Promise((resolve, reject) => {
    const query = new pg.Query(statements.map(({ sql }) => sql).join(';\n'))
    const send = query.submit.bind(query)
    Object.assign(query, {
      submit: (connection: pg.Connection) => {
        connection.stream.cork()
        send(connection)
        for (const { rows } of statements) if (rows) sendRows(connection, rows)
        connection.stream.uncork()
      },
      // They are on their way already.
      handleCopyInResponse: () => undefined,
      callback: (error: Error | null, results: BurstResult | readonly BurstResult[]) =>
        error ? reject(error) : resolve('rows' in results ? [results] : results),
    })
    client.query(query)
  })
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

/**
 * A transaction of the hot path in as few round trips as it can have: BEGIN goes out with `first`, COMMIT with the
 * last statements. At 64 connections the round trips, not the work, were what a flush took its time for.
 */
export async function flushTransaction<T>(
  pool: Pool,
  first: readonly Statement[],
  work: (client: Client, found: readonly BurstResult[]) => Promise<Flush<T>>,
): Promise<T> {
  return withConnection(pool, async (client) => {
    const results = await sendBurst(client, [{ sql: bounded(beginByIndex) }, ...first])
    const { value, last } = await work(client, results.slice(-first.length))
    await committed(sendBurst(client, [...last, { sql: 'commit' }]))
    return value
  })
}
