import type { Client, Pool } from './database.ts'

/** What the counters say of one integration: on all nodes, since it was created. */
export interface IntegrationCounts {
  readonly integrationId: number
  /** In the queue now, and those of them that wait to be tried again. */
  readonly queued: number
  readonly timed: number
  readonly dead: number
  readonly manual: number
  readonly delivered: number
  readonly cancelled: number
  readonly attempts: number
  readonly failures: number
  /** Per second, over the last minute. */
  readonly perSecond: Rates
}

export interface Rates {
  readonly accepted: number
  readonly delivered: number
  readonly attempts: number
  readonly failures: number
}

interface CountRow {
  integration_id: number
  queued: number
  timed: number
  dead: number
  manual: number
  delivered: number
  cancelled: number
  attempts: number
  failures: number
  accepted_lately: number
  delivered_lately: number
  attempts_lately: number
  failures_lately: number
}

/** The sums of bigints are numerics; none of these comes near what a double holds exactly. */
const total = (field: string): string => `sum(${field})::float8 as ${field}`

/** All of this minute, and of the one before it the part that is not yet a minute ago. */
const lately = (field: string, name = field): string =>
  `coalesce(sum(${field} * case
     when minute = date_trunc('minute', now()) then 1
     when minute = date_trunc('minute', now()) - interval '1 minute' then 1 - extract(second from now()) / 60
     else 0 end), 0)::float8 as ${name}_lately`

const totals = ['queued', 'timed', 'dead', 'manual', 'delivered', 'cancelled', 'attempts', 'failures']

const countsSql = `
  select integration_id, ${totals.map(total).join(', ')},
    ${lately(`case when side = 'ingest' then queued else 0 end`, 'accepted')},
    ${lately('delivered')}, ${lately('attempts')}, ${lately('failures')}
  from hub.counters where $1::int is null or integration_id = $1
  group by integration_id`

/** By integration id. Cheap whatever the tables hold: there is a row for each of the last minutes, and one for the rest. */
export async function readCounts(
  client: Client | Pool,
  integrationId: number | null,
): Promise<ReadonlyMap<number, IntegrationCounts>> {
  const result = await client.query<CountRow>({
    name: 'read-counts',
    text: countsSql,
    values: [integrationId],
  })
  return new Map(result.rows.map((row) => [row.integration_id, toCounts(row)]))
}

export function noCounts(integrationId: number): IntegrationCounts {
  return {
    integrationId,
    queued: 0,
    timed: 0,
    dead: 0,
    manual: 0,
    delivered: 0,
    cancelled: 0,
    attempts: 0,
    failures: 0,
    perSecond: { accepted: 0, delivered: 0, attempts: 0, failures: 0 },
  }
}

function toCounts(row: CountRow): IntegrationCounts {
  return {
    integrationId: row.integration_id,
    queued: row.queued,
    timed: row.timed,
    dead: row.dead,
    manual: row.manual,
    delivered: row.delivered,
    cancelled: row.cancelled,
    attempts: row.attempts,
    failures: row.failures,
    perSecond: {
      accepted: row.accepted_lately / 60,
      delivered: row.delivered_lately / 60,
      attempts: row.attempts_lately / 60,
      failures: row.failures_lately / 60,
    },
  }
}

/**
 * Older minutes become one row, whichever node counted them, so that sums stay cheap although minutes pass and nodes
 * come and go. Returns how many rows it folded, at most `limit`.
 */
export async function foldCounters(client: Client | Pool, limit: number): Promise<number> {
  const result = await client.query<{ count: number }>(
    `with old as (
       delete from hub.counters c using (
         select integration_id, node_key, side, minute from hub.counters
         where minute < now() - interval '15 minutes' and (minute > '-infinity' or node_key <> '')
         order by integration_id, node_key, side, minute limit $1
         for update skip locked
       ) as chosen
       where c.integration_id = chosen.integration_id and c.node_key = chosen.node_key and c.side = chosen.side
         and c.minute = chosen.minute
       returning c.*
     ), folded as (
       insert into hub.counters as c (integration_id, node_key, side, minute, ${totals.join(', ')})
       select integration_id, '', side, '-infinity', ${totals.map((field) => `sum(${field})`).join(', ')}
       from old group by integration_id, side order by integration_id, side
       on conflict (integration_id, node_key, side, minute) do update
       set ${totals.map((field) => `${field} = c.${field} + excluded.${field}`).join(', ')}
     )
     select count(*) from old`,
    [limit],
  )
  return result.rows[0]?.count ?? 0
}

/**
 * The delivery that waits longest, looked for from a seq on. Before it may lie many dead index entries, which a long
 * snapshot elsewhere keeps: the search gives up rather than walk them all.
 */
export async function findOldestWaiting(
  client: Client,
  integrationId: number,
  fromSeq: number,
): Promise<{ readonly seq: number; readonly eventId: string } | null> {
  const result = await client.query<{ seq: number; event_id: string }>({
    name: 'find-oldest-waiting',
    text: 'select seq, event_id from hub.queue where integration_id = $1 and seq >= $2 order by seq limit 1',
    values: [integrationId, fromSeq],
  })
  const [row] = result.rows
  return row ? { seq: row.seq, eventId: row.event_id } : null
}
