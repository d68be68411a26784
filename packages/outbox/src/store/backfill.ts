import type { HeldRow } from './fan-out.ts'
import type { Session } from './session.ts'

export interface Backfill {
  readonly isComplete: boolean
  readonly held: readonly HeldRow[]
}

/**
 * Gives a subscription "from the beginning" the next of the events that were there before it; null when none waits for
 * any. Events that come meanwhile are fanned out to it like to any other.
 */
export async function backfill(session: Session, limit: number): Promise<Backfill | null> {
  const { schema } = session
  const [row] = await session.query<{ isComplete: boolean; held: string }>(
    `with behind as (
      select consumer_id, pattern, pattern_regex, is_ordered, backfill_seq from ${schema}.subscriptions
      where backfill_seq is not null order by consumer_id, pattern limit 1 for update skip locked
    ), looked_at as (
      select e.* from behind b cross join lateral (
        select e.seq, e.event_name, e.aggregate_type || ' ' || e.aggregate_id as aggregate from ${schema}.events e
        where e.seq >= b.backfill_seq order by e.seq limit $1::int) e
    ), added as (
      insert into ${schema}.inbox (event_seq, consumer_id, event_name, order_key, due_at)
      select e.seq, b.consumer_id, e.event_name, case when b.is_ordered then e.aggregate end,
        case when not b.is_ordered then now() end
      from looked_at e join behind b on b.pattern = e.event_name or ('.' || e.event_name) ~ b.pattern_regex
      order by e.seq
      on conflict (event_seq, consumer_id) do nothing
      returning consumer_id, order_key
    ), moved as (
      update ${schema}.subscriptions s
      set backfill_seq = case when (select count(*) from looked_at) = $1::int then (select max(seq) + 1 from looked_at) end
      from behind b
      where s.consumer_id = b.consumer_id and s.pattern = b.pattern
      returning s.backfill_seq
    )
    select moved.backfill_seq is null as "isComplete",
      (select coalesce(json_agg(json_build_object('consumerId', consumer_id, 'orderKey', order_key)), '[]')::text
        from (select distinct consumer_id, order_key from added where order_key is not null) held) as held
    from moved`,
    [limit],
  )
  return row ? { isComplete: row.isComplete, held: JSON.parse(row.held) as HeldRow[] } : null
}
