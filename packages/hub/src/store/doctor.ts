import type { DatabaseFacts } from '../core/doctor/facts.ts'
import type { Pool } from './database.ts'
import { read } from './reading.ts'

/** What the database says of itself; `roundTripMs` and the clock are for whoever asked to measure. */
export type DatabaseReport = Omit<DatabaseFacts, 'roundTripMs' | 'clockAheadMs'>

interface SettingsRow {
  server_version: string
  size_bytes: number
  connections: number
  max_connections: number
  is_encrypted: boolean
  fsync: boolean
  full_page_writes: boolean
  autovacuum: boolean
  synchronous_commit: string
  archives: boolean
  replicas: number
  has_synchronous_replica: boolean
  oldest_prepared_ms: number | null
}

export async function readDatabaseReport(pool: Pool): Promise<DatabaseReport> {
  const settings = await pool.query<SettingsRow>(`
    select current_setting('server_version') as server_version,
      pg_database_size(current_database()) as size_bytes,
      (select count(*) from pg_stat_activity where backend_type = 'client backend') as connections,
      current_setting('max_connections')::int as max_connections,
      coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as is_encrypted,
      current_setting('fsync')::bool as fsync,
      current_setting('full_page_writes')::bool as full_page_writes,
      current_setting('autovacuum')::bool as autovacuum,
      current_setting('synchronous_commit') as synchronous_commit,
      current_setting('archive_mode') <> 'off' as archives,
      (select count(*) from pg_stat_replication) as replicas,
      current_setting('synchronous_standby_names') <> '' as has_synchronous_replica,
      (select extract(epoch from max(now() - prepared)) * 1000 from pg_prepared_xacts)::float8 as oldest_prepared_ms`)
  const [row] = settings.rows
  if (!row) throw new Error('the database says nothing of itself')
  return {
    serverVersion: row.server_version,
    sizeBytes: row.size_bytes,
    connections: row.connections,
    maxConnections: row.max_connections,
    isEncrypted: row.is_encrypted,
    fsync: row.fsync,
    fullPageWrites: row.full_page_writes,
    autovacuum: row.autovacuum,
    synchronousCommit: row.synchronous_commit,
    archives: row.archives,
    replicas: row.replicas,
    hasSynchronousReplica: row.has_synchronous_replica,
    oldestPreparedMs: row.oldest_prepared_ms,
    oldestTransaction: await readOldestTransaction(pool),
    idleSlots: await readIdleSlots(pool),
  }
}

/** Of this database: one of another does not hold up the cleaning here. */
async function readOldestTransaction(pool: Pool): Promise<DatabaseReport['oldestTransaction']> {
  const found = await pool.query<{ pid: number; application: string; age_ms: number }>(`
    select pid, application_name as application, (extract(epoch from now() - xact_start) * 1000)::float8 as age_ms
    from pg_stat_activity
    where datname = current_database() and xact_start is not null and backend_type = 'client backend'
      and pid <> pg_backend_pid()
    order by xact_start limit 1`)
  const [row] = found.rows
  return row ? { pid: row.pid, application: row.application, ageMs: row.age_ms } : null
}

async function readIdleSlots(pool: Pool): Promise<DatabaseReport['idleSlots']> {
  const found = await pool.query<{ name: string; held_bytes: number }>(`
    select slot_name as name, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::float8 as held_bytes
    from pg_replication_slots where not active`)
  return found.rows.map((row) => ({ name: row.name, heldBytes: row.held_bytes }))
}

/** Of each integration only so many are looked at: what nobody owns is found among its oldest. */
const lookedAt = 10_000

/** Deliveries whose owner is no node, nor a publication, by the integration's id. */
export async function countOrphans(
  pool: Pool,
  integrationIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const found = await read(pool, (client) =>
    client.query<{ integration_id: number; count: number }>(
      `select wanted.id as integration_id, orphans.count
       from unnest($1::int[]) as wanted (id)
       cross join lateral (
         select count(*) from (
           select owner from hub.queue where integration_id = wanted.id order by seq limit ${lookedAt}
         ) as oldest
         where owner > 0 and not exists (select from hub.nodes where epoch = oldest.owner)
       ) as orphans
       where orphans.count > 0`,
      [integrationIds],
    ),
  )
  return new Map(found.rows.map((row) => [row.integration_id, row.count]))
}

/** Of the database's machine, in milliseconds since 1970. */
export async function readClock(pool: Pool): Promise<number> {
  const found = await pool.query<{ now_ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms',
  )
  return found.rows[0]?.now_ms ?? Number.NaN
}
