import { firstEventIdAt } from '../core/ids.ts'
import { beginByIndex, transaction, type Pool } from './database.ts'
import { dayMs, type Partition } from './partitions.ts'

/** Small enough that nobody waits for its locks or its I/O. */
const batchRows = 2_000

/** The first id after the given one; the smallest of all before the first batch. */
const noId = '00000000-0000-0000-0000-000000000000'

/**
 * Copies what is still owed of a day (waiting, dead, or to be delivered again) out of its partition. Safe to repeat:
 * what was copied is left alone. Returns how many events were copied.
 */
export async function keepOwedEvents(pool: Pool, partition: Partition): Promise<number> {
  const bounds = [firstEventIdAt(partition.day), firstEventIdAt(new Date(partition.day.getTime() + dayMs))]
  const result = await pool.query(
    `insert into hub.events_kept
     select e.* from (
       select event_id from hub.queue where event_id >= $1 and event_id < $2
       union
       select event_id from hub.dead_letters where event_id >= $1 and event_id < $2
     ) as owed
     join hub.${partition.name} e on e.id = owed.event_id
     on conflict do nothing`,
    bounds,
  )
  return result.rowCount ?? 0
}

/** Forgets what was remembered only for the sake of the events of a detached partition, except those that are kept. */
export async function forgetEvents(pool: Pool, partition: Partition): Promise<void> {
  let after: string | null = noId
  while (after !== null) after = await forgetBatch(pool, partition, after)
}

async function forgetBatch(pool: Pool, partition: Partition, after: string): Promise<string | null> {
  return transaction(
    pool,
    async (client) => {
      const chosen = await client.query<{ id: string; key_hash: string | null }>(
        `select e.id, e.key_hash from hub.${partition.name} e
         where e.id > $1 and not exists (select from hub.events_kept k where k.id = e.id)
         order by e.id limit $2`,
        [after, batchRows],
      )
      const ids = chosen.rows.map((row) => row.id)
      const hashes = chosen.rows.flatMap((row) => row.key_hash ?? [])
      await client.query('delete from hub.event_keys where key_hash = any($1::uuid[])', [hashes])
      await client.query('delete from hub.redeliveries where event_id = any($1::uuid[])', [ids])
      return chosen.rows.length < batchRows ? null : (ids.at(-1) ?? null)
    },
    beginByIndex,
  )
}

/** Business keys have no index by event: one pass over them for a whole day. */
export async function forgetBusinessKeys(pool: Pool, partition: Partition): Promise<void> {
  const bounds = [firstEventIdAt(partition.day), firstEventIdAt(new Date(partition.day.getTime() + dayMs))]
  await pool.query(
    `delete from hub.business_keys b
     where event_id >= $1 and event_id < $2 and not exists (select from hub.events_kept k where k.id = b.event_id)`,
    bounds,
  )
}

/** Drops kept events that nothing owes any more. */
export async function pruneKeptEvents(pool: Pool): Promise<number> {
  const result = await pool.query(
    `with unowed as (
       delete from hub.events_kept k
       where not exists (select from hub.queue q where q.event_id = k.id)
         and not exists (select from hub.dead_letters d where d.event_id = k.id)
       returning id, key_hash
     ), keys as (
       delete from hub.event_keys using unowed where event_keys.key_hash = unowed.key_hash
     )
     select from unowed`,
  )
  return result.rowCount ?? 0
}
