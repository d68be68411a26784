import type { Client } from './database.ts'
import { isHead } from './queue.ts'

export interface LookedAtLane {
  readonly integrationId: number
  readonly ordering: 'none' | 'subject'
  readonly freshMark: number
  readonly timedMark: Date
}

export interface LaneLook {
  readonly integrationId: number
  /** The earliest free one past the mark that was never tried. */
  readonly firstFresh: number | null
  readonly nextDueInMs: number | null
}

/** What waits free for each integration behind its marks. With order it may stand behind the head of its subject. */
export async function lookAtLanes(
  client: Client,
  lanes: readonly LookedAtLane[],
): Promise<readonly LaneLook[]> {
  const result = await client.query<{ first_fresh: number | null; next_due: number | null; id: number }>({
    name: 'look-at-lanes',
    text: `
      select lane.id,
        (select seq from hub.queue where integration_id = lane.id and seq > lane.fresh_mark
           and owner is null and due is null order by seq limit 1) as first_fresh,
        (${nextDueSql('lane.id', 'lane.timed_mark', 'lane.is_ordered')}) as next_due
      from unnest($1::int[], $2::bigint[], $3::timestamptz[], $4::bool[])
        as lane (id, fresh_mark, timed_mark, is_ordered)`,
    values: [
      lanes.map((lane) => lane.integrationId),
      lanes.map((lane) => lane.freshMark),
      lanes.map((lane) => lane.timedMark),
      lanes.map((lane) => lane.ordering === 'subject'),
    ],
  })
  return result.rows.map((row) => ({
    integrationId: row.id,
    firstFresh: row.first_fresh,
    nextDueInMs: row.next_due,
  }))
}

/** In how many milliseconds, by the store's clock, the next one that may be claimed is due; 0: it is. */
function nextDueSql(integrationId: string, mark: string, isOrdered: string): string {
  return `
    select greatest(0, ceil(extract(epoch from due - clock_timestamp()) * 1000))::float8 as in_ms from hub.queue candidate
    where integration_id = ${integrationId} and due >= ${mark} and owner is null
      and (not ${isOrdered} or ${isHead})
    order by due limit 1`
}

export async function findNextDue(
  client: Client,
  { integrationId, ordering, timedMark }: Omit<LookedAtLane, 'freshMark'>,
): Promise<number | null> {
  const result = await client.query<{ in_ms: number }>({
    name: `find-next-due-${ordering}`,
    text: nextDueSql('$1', '$2', String(ordering === 'subject')),
    values: [integrationId, timedMark],
  })
  return result.rows[0]?.in_ms ?? null
}

/**
 * Of integrations with order, the earliest free row without a try that may be claimed, wherever it lies. It goes from
 * subject to subject, which takes as long as there are subjects, however many rows wait in each.
 */
export async function findFreshHeads(
  client: Client,
  integrationIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (integrationIds.length === 0) return new Map()
  const head = `select subject_key, seq, owner, due from hub.queue where integration_id = lane.id`
  const result = await client.query<{ id: number; seq: number | null }>({
    name: 'find-fresh-heads',
    text: `
      select lane.id, least(
        (with recursive heads as (
           (${head} and subject_key is not null order by subject_key, seq limit 1)
           union all
           select next.* from heads cross join lateral (
             ${head} and subject_key > heads.subject_key order by subject_key, seq limit 1
           ) as next
         )
         select min(seq) from heads where owner is null and due is null),
        (select seq from hub.queue where integration_id = lane.id and subject_key is null and owner is null and due is null order by seq limit 1)
      ) as seq
      from unnest($1::int[]) as lane (id)`,
    values: [integrationIds],
  })
  return new Map(result.rows.flatMap(({ id, seq }) => (seq === null ? [] : [[id, seq] as const])))
}
