import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../packages/hub/src/embedded/embedded-postgres.ts'
import type { Store } from './store.ts'

/** The hub's embedded PostgreSQL. */
export interface BenchPostgres extends Store {
  query<Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]>
}

export async function startPostgres(): Promise<BenchPostgres> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-bench-'))
  const server = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) })
  const client = new pg.Client({ connectionString: server.url, application_name: 'bench' })
  await client.connect()
  const query = async <Row extends pg.QueryResultRow>(sql: string) => (await client.query<Row>(sql)).rows
  const [row] = await query<{ server_version: string }>('show server_version')
  return {
    url: server.url,
    pid: server.pid ?? 0,
    version: `PostgreSQL ${row?.server_version}`,
    query,
    stop: async () => {
      await client.end()
      await server.stop()
      await fs.rm(dataDir, { recursive: true, force: true })
    },
  }
}

export function isPostgres(store: Store): store is BenchPostgres {
  return 'query' in store
}
