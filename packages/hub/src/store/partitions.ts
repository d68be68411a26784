import { firstEventIdAt } from '../core/ids.ts'
import { transaction, type Client, type Pool } from './database.ts'

/** What is kept in one partition a day (UTC): events by the time inside their ids, attempts by theirs. */
export const partitionedTables = ['events', 'attempts'] as const
export type PartitionedTable = (typeof partitionedTables)[number]

export interface Partition {
  readonly table: PartitionedTable
  /** In schema `hub`. */
  readonly name: string
  readonly day: Date
  /** `detaching`: begun and interrupted; must be finished before another one can begin. */
  readonly state: 'attached' | 'detaching' | 'detached'
  readonly isSealed: boolean
  readonly bytes: number
}

export const dayMs = 86_400_000

/** The first key of the advisory lock under which partitions are created. */
const creationLock = 7_302

/** So that whatever the clocks of nodes say, and whatever is late, finds its day. */
const daysBehind = 1
const daysAhead = 2

/** Creates the partitions around now that are missing, of both tables. Safe to run on many nodes at once. */
export async function ensurePartitions(pool: Pool, now: Date): Promise<void> {
  const today = startOfDay(now).getTime()
  const days = Array.from(
    { length: daysBehind + 1 + daysAhead },
    (_, index) => new Date(today + (index - daysBehind) * dayMs),
  )
  await createPartitions(pool, days)
}

export async function createPartitions(pool: Pool, days: readonly Date[]): Promise<void> {
  const wanted = partitionedTables.flatMap((table) => days.map((day) => ({ table, day })))
  const missing = await findMissing(pool, wanted)
  for (const { table, day } of missing) await createPartition(pool, table, day)
}

interface TableDay {
  readonly table: PartitionedTable
  readonly day: Date
}

async function findMissing(pool: Pool, wanted: readonly TableDay[]): Promise<readonly TableDay[]> {
  const result = await pool.query<{ name: string }>(
    'select name from unnest($1::text[]) as wanted (name) where to_regclass(name) is null',
    [wanted.map(({ table, day }) => `hub.${partitionName(table, day)}`)],
  )
  const names = new Set(result.rows.map((row) => row.name))
  return wanted.filter(({ table, day }) => names.has(`hub.${partitionName(table, day)}`))
}

/**
 * Created apart and then attached: `create … partition of` would lock the whole table against everyone. While the day
 * lasts nothing vacuums it, since nothing in it is ever changed or deleted; see `sealPartition`.
 */
async function createPartition(pool: Pool, table: PartitionedTable, day: Date): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1, 0)', [creationLock])
    // Read from the catalogue itself: `to_regclass` may not have noticed what was created since the transaction began.
    const found = await client.query(
      `select from pg_class where relnamespace = 'hub'::regnamespace and relname = $1`,
      [partitionName(table, day)],
    )
    if (!found.rowCount) await addPartition(client, table, day)
  })
}

/** In the caller's transaction, which knows that it is not there. */
export async function addPartition(client: Client, table: PartitionedTable, day: Date): Promise<void> {
  const name = partitionName(table, day)
  const [from, to] = [day, new Date(day.getTime() + dayMs)].map((time) => bound(table, time))
  await client.query(`
    create table hub.${name} (like hub.${table} including defaults including constraints including storage)
      with (autovacuum_vacuum_insert_threshold = -1);
    alter table hub.${table} attach partition hub.${name} for values from ('${from}') to ('${to}')`)
}

function bound(table: PartitionedTable, time: Date): string {
  return table === 'events' ? firstEventIdAt(time) : time.toISOString()
}

export function partitionName(table: PartitionedTable, day: Date): string {
  return `${table}_${day.toISOString().slice(0, 10).replaceAll('-', '')}`
}

export function startOfDay(time: Date): Date {
  return new Date(Math.floor(time.getTime() / dayMs) * dayMs)
}

interface PartitionRow {
  name: string
  is_attached: boolean
  is_detaching: boolean
  is_sealed: boolean
  bytes: number
}

/** Oldest first. */
export async function listPartitions(pool: Pool | Client): Promise<readonly Partition[]> {
  const result = await pool.query<PartitionRow>(`
    select c.relname as name, i.inhrelid is not null as is_attached, coalesce(i.inhdetachpending, false) as is_detaching,
      coalesce('${sealedOption}' = any(c.reloptions), false) as is_sealed, pg_total_relation_size(c.oid) as bytes
    from pg_class c left join pg_inherits i on i.inhrelid = c.oid
    where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r' and c.relname ~ '^(events|attempts)_[0-9]{8}$'`)
  return result.rows.map(toPartition).toSorted((a, b) => a.day.getTime() - b.day.getTime())
}

function toPartition(row: PartitionRow): Partition {
  const [table = '', date = ''] = row.name.split('_')
  return {
    table: table as PartitionedTable,
    name: row.name,
    day: new Date(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00Z`),
    state: row.is_detaching ? 'detaching' : row.is_attached ? 'attached' : 'detached',
    isSealed: row.is_sealed,
    bytes: row.bytes,
  }
}

const sealedOption = 'autovacuum_vacuum_insert_threshold=0'

/**
 * Nothing will be added any more: autovacuum goes over it once, in its own slow pace, and freezes it whole, so that no
 * wraparound ever forces many days of log to be read at once.
 */
export async function sealPartition(pool: Pool, partition: Partition): Promise<void> {
  await pool.query(`alter table hub.${partition.name} set (${sealedOption},
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_freeze_min_age = 0, autovacuum_vacuum_cost_delay = 5)`)
}

/** Takes a partition out of its table without ever blocking it: waits for whoever still reads it. */
export async function detachPartition(pool: Pool, partition: Partition): Promise<void> {
  if (partition.state === 'detached') return
  const how = partition.state === 'detaching' ? 'finalize' : 'concurrently'
  await pool.query(`alter table hub.${partition.table} detach partition hub.${partition.name} ${how}`)
}

/** Only after it was detached: dropping it in place would lock the whole table. */
export async function dropDetachedPartition(pool: Pool, partition: Partition): Promise<void> {
  await pool.query(`drop table if exists hub.${partition.name}`)
}
