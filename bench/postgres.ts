import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../packages/hub/src/embedded/embedded-postgres.ts'
import type { Store } from './store.ts'

/** The hub's embedded PostgreSQL. */
export interface BenchPostgres extends Store {
  query<Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]>
  /** Stops it and starts it again; resolves with the milliseconds that the start took. */
  restart(): Promise<number>
  /** Opens a transaction that goes on seeing what is there now, until it is ended. */
  holdSnapshot(): Promise<() => Promise<void>>
}

export async function startPostgres(): Promise<BenchPostgres> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-bench-'))
  let server = await startServer(dataDir)
  let client = await connect(server.url)
  const query = async <Row extends pg.QueryResultRow>(sql: string) => (await client.query<Row>(sql)).rows
  const [row] = await query<{ server_version: string }>('show server_version')
  const stop = async (): Promise<void> => {
    await client.end()
    await server.stop()
  }
  return {
    url: server.url,
    get pid() {
      return server.pid ?? 0
    },
    version: `PostgreSQL ${row?.server_version}`,
    query,
    restart: async () => {
      await stop()
      const startedMs = performance.now()
      server = await startServer(dataDir)
      const startMs = performance.now() - startedMs
      client = await connect(server.url)
      return startMs
    },
    holdSnapshot: async () => {
      const holder = await connect(server.url)
      await holder.query('begin isolation level repeatable read')
      // The snapshot is taken by the first statement that reads.
      await holder.query('select count(*) from hub.queue')
      return () => holder.end()
    },
    stop: async () => {
      await stop()
      await fs.rm(dataDir, { recursive: true, force: true })
    },
  }
}

function startServer(dataDir: string): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) })
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' })
  await client.connect()
  return client
}

export function isPostgres(store: Store): store is BenchPostgres {
  return 'query' in store
}
