import { firstEventIdAt } from '../core/ids.ts'
import { beginByIndex, transaction, type Client, type Pool } from './database.ts'
import { dayMs, type Partition } from './partitions.ts'

/** Small enough that nobody waits for its locks or its I/O. */
const batchRows = 2_000

/** The first id after the given one; the smallest of all before the first batch. */
const noId = '00000000-0000-0000-0000-000000000000'

/** The ids that a day's events can have: from the first to before the second. */
function idBounds({ day }: Partition): readonly [string, string] {
  return [firstEventIdAt(day), firstEventIdAt(new Date(day.getTime() + dayMs))]
}

/**
 * From now on no replay makes a delivery of an older event, and what is being made is waited for (`holdHorizon`): what
 * is owed of a day can then only become less.
 */
export async function moveHorizon(pool: Pool, partition: Partition): Promise<void> {
  const [, firstId] = idBounds(partition)
  await pool.query('update hub.event_horizon set first_id = $1 where first_id < $1', [firstId])
}

/** Dead letters of a deleted integration wait for nobody. */
const owedSql = `
  select integration_id, seq, event_id from hub.queue where event_id >= $1 and event_id < $2
  union all
  select integration_id, seq, event_id from hub.dead_letters letter
  where event_id >= $1 and event_id < $2 and exists (
    select from hub.integrations where id = letter.integration_id and deleted_at is null)`

const columns = `id, seq, source_id, type, subject, attributes, content_type, body, sha256, headers, correlation_id,
  causation_id, deliver_at, key_hash, schema_id`

/**
 * Copies what is still owed of a day (waiting, dead, or to be delivered again) out of its partition, in one statement:
 * one snapshot, in which a delivery that moves is in one place. The copy knows only of the deliveries that are owed,
 * because how the others ended is forgotten with the day. Safe to repeat. Returns how many events were copied.
 */
export async function keepOwedEvents(pool: Pool, partition: Partition): Promise<number> {
  const result = await pool.query(
    `insert into hub.events_kept (${columns}, routes)
     select ${columns}, array(
       select integration_id from unnest(owing.integration_ids, owing.seqs) as one (integration_id, of_seq)
       where of_seq = event.seq order by integration_id
     )
     from (
       select event_id, array_agg(integration_id) as integration_ids, array_agg(seq) as seqs
       from (${owedSql}) as owed group by event_id
     ) as owing
     join hub.${partition.name} event on event.id = owing.event_id
     on conflict do nothing`,
    [...idBounds(partition)],
  )
  return result.rowCount ?? 0
}

/** Of the events of a day that are kept, forgets the replayed deliveries that ended. */
export async function forgetEndedRedeliveries(pool: Pool, partition: Partition): Promise<void> {
  await pool.query(
    `delete from hub.redeliveries again
     where event_id >= $1 and event_id < $2
       and not exists (select from hub.queue q where q.integration_id = again.integration_id and q.seq = again.seq)
       and not exists (
         select from hub.dead_letters d where d.integration_id = again.integration_id and d.seq = again.seq)`,
    [...idBounds(partition)],
  )
}

/**
 * Forgets the dead letters of all days that were dropped that nobody can retry, because their integrations are gone.
 * Returns how many.
 */
export async function forgetLettersOfDeleted(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from hub.dead_letters letter using hub.integrations integration
     where integration.deleted_at is not null and letter.integration_id = integration.id
       and letter.event_id < (select first_id from hub.event_horizon)`,
  )
  return rowCount ?? 0
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
      await forgetKeys(client, chosen.rows)
      await client.query('delete from hub.redeliveries where event_id = any($1::uuid[])', [ids])
      return chosen.rows.length < batchRows ? null : (ids.at(-1) ?? null)
    },
    beginByIndex,
  )
}

export async function forgetBusinessKeys(pool: Pool, partition: Partition): Promise<void> {
  await pool.query(
    `delete from hub.business_keys b
     where event_id >= $1 and event_id < $2 and not exists (select from hub.events_kept k where k.id = b.event_id)`,
    [...idBounds(partition)],
  )
}

/**
 * Drops kept events that nothing owes any more, with what was remembered for their sake. While it looks and deletes no
 * replay may begin with one of them.
 */
export async function pruneKeptEvents(pool: Pool): Promise<number> {
  return transaction(pool, async (client) => {
    await client.query('select from hub.event_horizon for update')
    const pruned = await client.query<{ id: string; key_hash: string | null }>(
      `delete from hub.events_kept kept
       where not exists (select from hub.queue q where q.event_id = kept.id)
         and not exists (select from hub.dead_letters d where d.event_id = kept.id)
       returning id, key_hash`,
    )
    const ids = pruned.rows.map((row) => row.id)
    await forgetKeys(client, pruned.rows)
    await client.query('delete from hub.redeliveries where event_id = any($1::uuid[])', [ids])
    await client.query('delete from hub.business_keys where event_id = any($1::uuid[])', [ids])
    return ids.length
  })
}

async function forgetKeys(
  client: Client,
  events: readonly { readonly id: string; readonly key_hash: string | null }[],
): Promise<void> {
  const hashes = events.flatMap((event) => event.key_hash ?? [])
  // A key that was forgotten before a crash may by now be that of a newer event.
  await client.query(
    'delete from hub.event_keys where key_hash = any($1::uuid[]) and event_id = any($2::uuid[])',
    [hashes, events.map((event) => event.id)],
  )
}
