import pg from 'pg'
import { CannotStart } from '../core/cannot-start.ts'

const oldest = 150_000

export interface ServerFacts {
  /** Whether a pooler stands in between, that gives a session of the server for a transaction only. */
  readonly isPooled: boolean
}

/** A setting of nobody's that only reaches the server, and stays with the session, where no pooler is in between. */
const probe = { setting: 'hub.session', value: 'kept' }

/** Says plainly why the database cannot serve, before anything is done with it. */
export async function checkServer(url: string): Promise<ServerFacts> {
  const client = await connect(url).catch((error: unknown) => {
    throw refusal(error)
  })
  try {
    const found = await client.query<{
      version: number
      encoding: string
      read_only: boolean
      probed: string | null
    }>(
      `select current_setting('server_version_num')::int as version,
              current_setting('server_encoding') as encoding, pg_is_in_recovery() as read_only,
              current_setting($1, true) as probed`,
      [probe.setting],
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
    return { isPooled: server.probed !== probe.value }
  } catch (error) {
    throw refusal(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Poolers refuse, or ignore, settings that they do not know. */
async function connect(url: string): Promise<pg.Client> {
  const settings = { connectionString: url, connectionTimeoutMillis: 10_000 }
  const probing = new pg.Client({ ...settings, options: `-c ${probe.setting}=${probe.value}` })
  try {
    await probing.connect()
    return probing
  } catch (error) {
    await probing.end().catch(() => undefined)
    if (!/startup parameter/.test((error as Error).message)) throw error
    const client = new pg.Client(settings)
    await client.connect()
    return client
  }
}

function refusal(error: unknown): CannotStart {
  if (error instanceof CannotStart) return error
  return new CannotStart(
    `The database refuses: ${(error as Error).message}. Check DATABASE_URL and that the server runs.`,
    { cause: error },
  )
}
