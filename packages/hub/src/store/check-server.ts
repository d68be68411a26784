import pg from 'pg'
import { CannotStart } from '../core/cannot-start.ts'

const oldest = 150_000

/** Says plainly why the database cannot serve, before anything is done with it. */
export async function checkServer(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
    const found = await client.query<{ version: number; encoding: string; read_only: boolean }>(
      `select current_setting('server_version_num')::int as version,
              current_setting('server_encoding') as encoding, pg_is_in_recovery() as read_only`,
    )
    const server = found.rows[0]
    if (!server) throw new Error('the server said nothing of itself')
    if (server.version < oldest) {
      const major = Math.floor(server.version / 10_000)
      throw new CannotStart(`The database is PostgreSQL ${major}; the hub needs 15 or newer.`)
    }
    if (server.encoding !== 'UTF8') {
      throw new CannotStart(
        `The database has the encoding ${server.encoding}; create one with UTF8 for the hub.`,
      )
    }
    if (server.read_only) {
      throw new CannotStart('The database is a read-only standby; point DATABASE_URL at the primary server.')
    }
  } catch (error) {
    if (error instanceof CannotStart) throw error
    throw new CannotStart(
      `The database refuses: ${(error as Error).message}. Check DATABASE_URL and that the server runs.`,
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}
