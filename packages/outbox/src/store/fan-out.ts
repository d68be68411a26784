import { claimedColumns, type ClaimedRow, type Offer } from './claim.ts'
import { eventColumns } from './events.ts'
import { lockKey } from './migrate.ts'
import type { Session } from './session.ts'

export interface FanOut {
  /** Events that now have their inbox rows. */
  readonly events: number
  /** Rows that wait for an earlier event of their aggregate. */
  readonly held: readonly HeldRow[]
  /** Event names that were seen for the first time. */
  readonly newNames: readonly string[]
  /** How many rows wait to be claimed. */
  readonly waiting: number
  /** Rows that were born claimed. */
  readonly handedOver: readonly ClaimedRow[]
}

/** An aggregate's line before one consumer. */
export interface HeldRow {
  readonly consumerId: number
  readonly orderKey: string
}

interface RawFanOut extends ClaimedRow {
  readonly events: number
  readonly waiting: number
  readonly held: string
  readonly newNames: string
}

/**
 * Gives the oldest new events their inbox rows, one per subscribed consumer, whether or not it runs anywhere now. One
 * instance at a time, so that an aggregate's events get their rows in the order of their commits. What the instance has
 * offered to handle is handed over at once, which saves a claim; else it waits to be claimed.
 */
export async function fanOut(session: Session, limit: number, offer: Offer | null): Promise<FanOut> {
  const { schema } = session
  const rows = await session.query<RawFanOut>(
    `with turn as materialized (
      select pg_advisory_xact_lock(${lockKey(session, 'fan-out')})
    ), alive as materialized (
      select id from ${schema}.instances where id = $2::text::uuid and lease_until > clock_timestamp() for share
    ), lane as (
      select * from json_to_recordset($3::text::json) as lane ("consumerId" int, "eventName" text, room int)
    ), taken as (
      delete from ${schema}.fan_out where event_seq = any (array(
        select f.event_seq from turn, ${schema}.fan_out f order by f.event_seq limit $1::int))
      returning event_seq, xid
    ), named as (
      insert into ${schema}.event_names (name)
      select distinct e.event_name from taken t join ${schema}.events e on e.seq = t.event_seq
      where not exists (select from ${schema}.event_names n where n.name = e.event_name)
      on conflict do nothing
      returning name
    ), wanted as (
      select t.event_seq, s.consumer_id, min(e.event_name) as event_name,
        min(e.aggregate_type || ' ' || e.aggregate_id) filter (where s.is_ordered) as order_key,
        bool_or(s.backfill_seq is not null) as is_backfilling
      from taken t
      join ${schema}.events e on e.seq = t.event_seq
      join ${schema}.subscriptions s on s.pattern = e.event_name or ('.' || e.event_name) ~ s.pattern_regex
      where t.event_seq > s.from_seq or not pg_visible_in_snapshot(t.xid, s.from_snapshot)
      group by t.event_seq, s.consumer_id
    ), sorted as (
      select w.*, w.order_key is not null and (w.is_backfilling
        or row_number() over (partition by w.consumer_id, w.order_key order by w.event_seq) > 1
        or exists (
          select from ${schema}.inbox earlier
          where earlier.consumer_id = w.consumer_id and earlier.order_key = w.order_key
            and earlier.finished_at is null)) as is_held
      from wanted w
    ), placed as (
      select s.*, alive.id as instance_id
      from (select *, row_number() over (partition by consumer_id, order_key is null order by event_seq) as rank
          from sorted) s
        -- This snapshot was taken before the turn: it may lack the rows that another instance has just made for earlier
        -- events of an aggregate. What keeps an order is left to a claim, which sees them.
        left join lane on lane."consumerId" = s.consumer_id and lane."eventName" = s.event_name
          and s.rank <= lane.room and s.order_key is null
        left join alive on lane.room is not null
    ), added as (
      insert into ${schema}.inbox (event_seq, consumer_id, event_name, order_key, state, due_at,
        instance_id, token, started_at)
      select event_seq, consumer_id, event_name, order_key,
        case when instance_id is null then 'received' else 'processing' end,
        case when instance_id is null and not is_held then now() end,
        instance_id, case when instance_id is not null then $4::text::uuid end,
        case when instance_id is not null then clock_timestamp() end
      from placed
      order by event_seq
      on conflict (event_seq, consumer_id) do nothing
      returning *
    ), summary as (
      select
        (select count(*)::int from taken) as events,
        (select count(*)::int from added where due_at is not null) as waiting,
        (select coalesce(json_agg(json_build_object('consumerId', consumer_id, 'orderKey', order_key)), '[]')::text
          from (select distinct consumer_id, order_key from added where state = 'received' and due_at is null) held
        ) as held,
        (select coalesce(json_agg(name), '[]')::text from named) as "newNames"
    )
    select summary.*, ${claimedColumns}, ${eventColumns}
    from summary
      left join (added a join ${schema}.events e on e.seq = a.event_seq and a.state = 'processing') on true
    order by a.event_seq`,
    [limit, offer?.instanceId ?? null, JSON.stringify(offer?.lanes ?? []), offer?.token ?? null],
  )
  const [first] = rows
  return {
    events: first?.events ?? 0,
    waiting: first?.waiting ?? 0,
    held: JSON.parse(first?.held ?? '[]') as HeldRow[],
    newNames: JSON.parse(first?.newNames ?? '[]') as string[],
    handedOver: rows.filter((row) => (row.eventSeq as number | null) !== null),
  }
}

/** Whether anything waits to be fanned out; far cheaper than trying. */
export async function hasArrivals(session: Session): Promise<boolean> {
  const rows = await session.query(`select 1 as waiting from ${session.schema}.fan_out limit 1`)
  return rows.length > 0
}

/**
 * Lets the first waiting event of each line go, if nothing of the line stands before it. It runs after whatever made or
 * ended rows of the line has committed: each of two such transactions may have missed the other, the later of the two
 * calls does not.
 */
export async function releaseHeads(session: Session, lines: readonly HeldRow[]): Promise<void> {
  if (lines.length === 0) return
  const { schema } = session
  await session.query(
    `with head as materialized (
      select first.* from json_to_recordset($1::text::json) as line ("consumerId" int, "orderKey" text)
      cross join lateral (
        -- Compared as rows, which only the index of lines can do: with plain equality and without statistics the
        -- planner walks the whole table by event_seq.
        select l.event_seq, l.consumer_id, l.order_key from ${schema}.inbox l
        where l.order_key is not null and l.finished_at is null
          and (l.consumer_id, l.order_key) >= (line."consumerId", line."orderKey")
        order by l.consumer_id, l.order_key, l.event_seq limit 1) first
      where first.consumer_id = line."consumerId" and first.order_key = line."orderKey"
    )
    update ${schema}.inbox i set due_at = now() from head
    where i.event_seq = head.event_seq and i.consumer_id = head.consumer_id
      and i.state in ('received', 'failed') and i.due_at is null and i.finished_at is null
      and not exists (
        select from ${schema}.inbox other
        where other.state = 'processing' and other.consumer_id = i.consumer_id and other.order_key = i.order_key)
      and not exists (
        select from ${schema}.subscriptions s
        where s.consumer_id = i.consumer_id and s.backfill_seq <= i.event_seq)`,
    [JSON.stringify(lines)],
  )
}

/** All lines in which somebody waits: to find what a process left behind that died between a commit and its release. */
export function readLines(session: Session): Promise<readonly HeldRow[]> {
  const lines = `${session.schema}.inbox where order_key is not null and finished_at is null`
  return session.query<HeldRow>(
    `with recursive line as (
      (select consumer_id, order_key from ${lines} order by consumer_id, order_key limit 1)
      union all
      select next.consumer_id, next.order_key from line cross join lateral (
        select consumer_id, order_key from ${lines} and (consumer_id, order_key) > (line.consumer_id, line.order_key)
        order by consumer_id, order_key limit 1) next
    )
    select consumer_id as "consumerId", order_key as "orderKey" from line`,
  )
}
