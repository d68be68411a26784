import { eventColumns, type RawEvent } from './events.ts'
import type { Session } from './session.ts'

/** What one consumer handles here: it is claimed for by name, so nothing is taken that this process can't handle. */
export interface Lane {
  readonly consumerId: number
  readonly eventName: string
  readonly priority: number
  /** How many rows the consumer may take now, over all of its lanes. */
  readonly room: number
}

export interface ClaimedRow extends RawEvent {
  readonly eventSeq: number
  readonly consumerId: number
  readonly orderKey: string | null
  readonly attempts: number
  readonly interruptions: number
  readonly generation: number
}

/** What an instance would take, and as whom. */
export interface Offer {
  readonly instanceId: string
  readonly token: string
  readonly lanes: readonly Lane[]
}

/** The columns of `ClaimedRow` beside those of the event, of rows called `a`. */
export const claimedColumns = `a.event_seq::float8 as "eventSeq", a.consumer_id as "consumerId", a.order_key as "orderKey",
  a.attempts, a.interruptions, a.generation`

/**
 * Takes up to `limit` due rows for an instance whose lease is alive. The consumers' oldest rows come first, one of each
 * consumer before the second of any, so that a backlog of one is nobody else's; among the consumers of one event those
 * of higher priority.
 */
export function claim(session: Session, offer: Offer, limit: number): Promise<readonly ClaimedRow[]> {
  const { schema } = session
  return session.query<ClaimedRow>(
    `with alive as materialized (
      select id from ${schema}.instances where id = $1::text::uuid and lease_until > clock_timestamp() for share
    ), lane as (
      select * from json_to_recordset($2::text::json) as lane
        ("consumerId" int, "eventName" text, priority int, room int)
    ), candidate as (
      select due.*, lane.priority, lane.room,
        row_number() over (partition by due.consumer_id order by due.due_at, due.event_seq) as rank
      from alive cross join lane cross join lateral (
        select i.event_seq, i.consumer_id, i.due_at from ${schema}.inbox i
        where i.consumer_id = lane."consumerId" and i.event_name = lane."eventName" and i.due_at <= now()
          and (i.order_key is null or not exists (
            -- Compared as rows for the reason given at releaseHeads.
            select from ${schema}.inbox earlier
            where earlier.order_key is not null and earlier.finished_at is null
              and (earlier.consumer_id, earlier.order_key) >= (i.consumer_id, i.order_key)
              and (earlier.consumer_id, earlier.order_key, earlier.event_seq) < (i.consumer_id, i.order_key, i.event_seq)
          ) and not exists (
            select from ${schema}.inbox other
            where other.state = 'processing' and other.consumer_id = i.consumer_id and other.order_key = i.order_key))
        order by i.due_at, i.event_seq
        limit least(lane.room, $3::int)
        for update of i skip locked) due
    ), chosen as (
      select event_seq, consumer_id from candidate
      where rank <= room
      order by rank, event_seq, priority desc
      limit $3::int
    ), claimed as (
      update ${schema}.inbox i
      set state = 'processing', instance_id = $1::text::uuid, token = $4::text::uuid, due_at = null,
        started_at = clock_timestamp()
      from chosen
      where i.event_seq = chosen.event_seq and i.consumer_id = chosen.consumer_id
      returning i.event_seq, i.consumer_id, i.order_key, i.attempts, i.interruptions, i.generation
    )
    select ${claimedColumns}, ${eventColumns}
    from claimed a join ${schema}.events e on e.seq = a.event_seq
    order by a.event_seq`,
    [offer.instanceId, JSON.stringify(offer.lanes), limit, offer.token],
  )
}

/** In how many milliseconds the next row of these lanes is due, never less than zero; null when none waits. */
export async function nextDueMs(
  session: Session,
  lanes: readonly { readonly consumerId: number; readonly eventName: string }[],
): Promise<number | null> {
  const [row] = await session.query<{ dueMs: number | null }>(
    `select greatest(0, extract(epoch from min(due.due_at) - clock_timestamp()) * 1000)::float8 as "dueMs"
    from json_to_recordset($1::text::json) as lane ("consumerId" int, "eventName" text)
    cross join lateral (
      select i.due_at from ${session.schema}.inbox i
      where i.consumer_id = lane."consumerId" and i.event_name = lane."eventName" and i.due_at is not null
      order by i.due_at, i.event_seq limit 1) due`,
    [JSON.stringify(lanes.map(({ consumerId, eventName }) => ({ consumerId, eventName })))],
  )
  return row?.dueMs ?? null
}
