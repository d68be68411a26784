import { finished } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { ByHand } from './by-hand.ts'

export interface Statement {
  readonly sql: string
  /** What is copied, for a COPY. */
  readonly rows?: Buffer
}

/** A connection that runs one transaction at a time. */
export interface Session {
  commit(statements: readonly Statement[]): Promise<void>
}

export const drivers = ['ordinary', 'by hand'] as const
export type Driver = (typeof drivers)[number]

export async function openSession(driver: Driver, databaseUrl: string, schemaSql?: string): Promise<Session> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'floor' })
  await client.connect()
  if (schemaSql) await client.query(schemaSql)
  return driver === 'ordinary' ? new Ordinary(client) : new ByHand(client)
}

/** As pg and pg-copy-streams are used. */
class Ordinary implements Session {
  readonly #client: pg.Client

  constructor(client: pg.Client) {
    this.#client = client
  }

  async commit(statements: readonly Statement[]): Promise<void> {
    await this.#client.query('begin')
    try {
      for (const statement of statements) await this.#run(statement)
      await this.#client.query('commit')
    } catch (error) {
      await this.#client.query('rollback')
      throw error
    }
  }

  async #run({ sql, rows }: Statement): Promise<void> {
    if (!rows) return void (await this.#client.query(sql))
    const stream = this.#client.query(copyFrom(sql))
    stream.end(rows)
    await finished(stream)
  }
}
