import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../packages/hub/src/embedded/embedded-postgres.ts'

/** A PostgreSQL for one subject: the hub's embedded one, durable, in a new data directory. */
export interface BenchPostgres {
  readonly url: string
  readonly pid: number
  query<Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]>
  stop(): Promise<void>
}

export async function startPostgres(): Promise<BenchPostgres> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-bench-'))
  const server = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) })
  const client = new pg.Client({ connectionString: server.url, application_name: 'bench' })
  await client.connect()
  return {
    url: server.url,
    pid: server.pid ?? 0,
    query: async <Row extends pg.QueryResultRow>(sql: string) => (await client.query<Row>(sql)).rows,
    stop: async () => {
      await client.end()
      await server.stop()
      await fs.rm(dataDir, { recursive: true, force: true })
    },
  }
}
