import type { HeldRow } from './fan-out.ts'
import type { Session } from './session.ts'

export interface ReplayRange {
  readonly consumerId: number
  /** A regular expression or null, and an exact name or null; both null for all that it subscribes to. */
  readonly eventName: string | null
  readonly eventNameRegex: string | null
  readonly from: Date
  readonly to: Date
}

export interface ReplayStep {
  readonly replayed: number
  /** Where to go on; null when that was all. */
  readonly nextSeq: number | null
  readonly lines: readonly HeldRow[]
}

/**
 * Gives a consumer the next of the events of a time again, each as a new generation of its row. What is unfinished is
 * left as it is.
 */
export async function replayStep(
  session: Session,
  range: ReplayRange,
  fromSeq: number,
  limit: number,
): Promise<ReplayStep> {
  const { schema } = session
  const [row] = await session.query<{ replayed: number; nextSeq: number | null; lines: string }>(
    `with looked_at as (
      select e.seq, e.event_name, e.aggregate_type || ' ' || e.aggregate_id as aggregate from ${schema}.events e
      where e.seq >= $1::float8::bigint and e.published_at >= $2::text::timestamptz
        and e.published_at < $3::text::timestamptz
        and ($4::text is null or e.event_name = $4::text) and ($5::text is null or ('.' || e.event_name) ~ $5::text)
      order by e.seq limit $6::int
    ), wanted as (
      select l.seq, l.event_name, l.aggregate, bool_or(s.is_ordered) as is_ordered
      from looked_at l join ${schema}.subscriptions s
        on s.consumer_id = $7::int and (s.pattern = l.event_name or ('.' || l.event_name) ~ s.pattern_regex)
      group by l.seq, l.event_name, l.aggregate
    ), replayed as (
      insert into ${schema}.inbox as i (event_seq, consumer_id, event_name, order_key, due_at, generation)
      select w.seq, $7::int, w.event_name, case when w.is_ordered then w.aggregate end,
        case when not w.is_ordered then now() end, 1
      from wanted w order by w.seq
      on conflict (event_seq, consumer_id) do update set state = 'received', attempts = 0, interruptions = 0,
        generation = i.generation + 1, order_key = excluded.order_key, due_at = excluded.due_at, finished_at = null,
        skip_reason = null, received_at = now()
      where i.finished_at is not null
      returning i.order_key
    )
    select (select count(*)::int from replayed) as replayed,
      case when (select count(*) from looked_at) = $6::int then (select max(seq) + 1 from looked_at)::float8 end as "nextSeq",
      (select coalesce(json_agg(json_build_object('consumerId', $7::int, 'orderKey', order_key)), '[]')::text
        from (select distinct order_key from replayed where order_key is not null) lines) as lines`,
    [
      fromSeq,
      range.from.toISOString(),
      range.to.toISOString(),
      range.eventName,
      range.eventNameRegex,
      limit,
      range.consumerId,
    ],
  )
  return {
    replayed: row?.replayed ?? 0,
    nextSeq: row?.nextSeq ?? null,
    lines: JSON.parse(row?.lines ?? '[]') as HeldRow[],
  }
}

export async function findConsumerId(session: Session, name: string): Promise<number | null> {
  const [row] = await session.query<{ id: number }>(
    `select id from ${session.schema}.consumers where name = $1`,
    [name],
  )
  return row?.id ?? null
}
