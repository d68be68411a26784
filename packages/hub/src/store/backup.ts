import pg from 'pg'
import { from as copyFrom, to as copyTo, type CopyStreamQuery, type CopyToStreamQuery } from 'pg-copy-streams'
import type { Client } from './database.ts'
import { createSchema } from './migrate.ts'
import { addPartition, listPartitions, type PartitionedTable } from './partitions.ts'

/** Everything of the store but its rows, as it stood when the snapshot was taken. */
export interface StoreImage {
  /** RFC 3339, by the database's clock. */
  readonly takenAt: string
  readonly schemaVersion: number
  /** Of the keys that the stored secrets are encrypted with. */
  readonly secretKeyIds: readonly string[]
  readonly partitions: readonly { readonly table: PartitionedTable; readonly day: string }[]
  readonly sequences: readonly { readonly name: string; readonly lastValue: string }[]
  readonly tables: readonly TableImage[]
}

export interface TableImage {
  readonly name: string
  readonly columns: readonly string[]
}

/** Migrations write the one themselves, and no node of the old hub is a node of the restored one. */
const leftOut = ['migrations', 'nodes']

/** What is held in memory by a node of the old hub is free in the restored one. */
const freed: Readonly<Record<string, string>> = { 'queue.owner': 'null::bigint' }

export async function connectForBackup(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'integration-hub backup',
    connectionTimeoutMillis: 10_000,
  })
  // The statement under way fails too, and says why.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/**
 * Begins a transaction that sees the store as it is now, whatever happens to it meanwhile, and in which no partition
 * is dropped. The locks come first: the first query fixes what is seen.
 */
export async function beginSnapshot(client: Client): Promise<StoreImage | null> {
  const tables = await listTables(client)
  if (tables.length === 0) return null
  const names = tables.map(({ name }) => `hub.${pg.escapeIdentifier(name)}`)
  await client.query('begin isolation level repeatable read read only')
  await client.query(`set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`)
  await client.query(`lock table ${names.join(', ')} in access share mode`)
  return { ...(await describe(client)), tables }
}

async function listTables(client: Client): Promise<readonly TableImage[]> {
  const result = await client.query<{ name: string; columns: string[] }>(
    `select relname as name, array_agg(attname::text order by attnum) as columns
     from pg_class join pg_attribute on attrelid = pg_class.oid
     where relnamespace = to_regnamespace('hub') and relkind in ('r', 'p') and not relispartition
       and attnum > 0 and not attisdropped and relname <> all($1)
       -- partitions that are taken out already and are about to be dropped
       and relname !~ '^(events|attempts)_[0-9]{8}$'
     group by relname order by relname`,
    [leftOut],
  )
  return result.rows
}

async function describe(client: Client): Promise<Omit<StoreImage, 'tables'>> {
  const facts = await client.query<{ taken_at: Date; version: number; key_ids: string[] }>(
    `select clock_timestamp() as taken_at, (select max(version) from hub.migrations) as version,
       array(select distinct substring(signing::text from 'sealed\\.v1\\.([0-9a-f]{8})\\.') from hub.integrations
             where deleted_at is null) as key_ids`,
  )
  // Sequences are no part of a snapshot: they may be ahead of the rows, which does no harm, and never behind.
  const sequences = await client.query<{ name: string; last_value: string }>(
    `select sequencename as name, last_value::text from pg_sequences
     where schemaname = 'hub' and last_value is not null order by sequencename`,
  )
  const partitions = await listPartitions(client)
  const [row] = facts.rows
  if (!row) throw new Error('the store said nothing of itself')
  return {
    takenAt: row.taken_at.toISOString(),
    schemaVersion: row.version,
    secretKeyIds: row.key_ids.filter((id) => id !== null),
    partitions: partitions
      .filter(({ state }) => state === 'attached')
      .map(({ table, day }) => ({ table, day: day.toISOString() })),
    sequences: sequences.rows.map(({ name, last_value: lastValue }) => ({ name, lastValue })),
  }
}

/** About as much as all its rows take, to tell how far a backup is. */
export async function storeBytes(client: Client): Promise<number> {
  const result = await client.query<{ bytes: string }>(
    `select coalesce(sum(pg_table_size(oid)), 0)::text as bytes from pg_class
     where relnamespace = 'hub'::regnamespace and relkind = 'r'`,
  )
  return Number(result.rows[0]?.bytes)
}

/** All rows of a table in PostgreSQL's binary format, which no version of it has changed in twenty years. */
export function readRows(client: Client, { name, columns }: TableImage): CopyToStreamQuery {
  const values = columns.map((column) => freed[`${name}.${column}`] ?? pg.escapeIdentifier(column))
  const table = pg.escapeIdentifier(name)
  return client.query(
    copyTo(`copy (select ${values.join(', ')} from hub.${table}) to stdout (format binary)`),
  )
}

/** The reverse; nobody sees anything of it before the caller's transaction commits. */
export function writeRows(client: Client, { name, columns }: TableImage): CopyStreamQuery {
  const into = columns.map((column) => pg.escapeIdentifier(column)).join(', ')
  return client.query(copyFrom(`copy hub.${pg.escapeIdentifier(name)} (${into}) from stdin (format binary)`))
}

/** Makes the store that the rows of a backup fit in, in the caller's transaction. False: there is a hub already. */
export async function createStore(client: Client, image: StoreImage): Promise<boolean> {
  if (!(await createSchema(client, image.schemaVersion))) return false
  // Migrations put first rows into some of them.
  await client.query(
    `truncate ${image.tables.map(({ name }) => `hub.${pg.escapeIdentifier(name)}`).join(', ')}`,
  )
  for (const { table, day } of image.partitions) await addPartition(client, table, new Date(day))
  for (const { name, lastValue } of image.sequences)
    await client.query(`select setval($1::regclass, $2::bigint)`, [
      `hub.${pg.escapeIdentifier(name)}`,
      lastValue,
    ])
  return true
}

/** Else its first queries are planned as if it were empty, until autovacuum comes by. */
export async function analyzeStore(client: Client): Promise<void> {
  for (const { name } of await listTables(client))
    await client.query(`analyze hub.${pg.escapeIdentifier(name)}`)
}
