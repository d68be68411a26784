import type { Attributes } from '../core/event.ts'
import { eventTime } from '../core/ids.ts'
import type { Place } from '../core/status.ts'
import type { Client, Pool } from './database.ts'

/** An event as it is read: everything but its payload. */
export interface EventRecord {
  readonly id: string
  readonly seq: number
  readonly source: string
  readonly type: string
  readonly subject: string | null
  readonly attributes: Attributes
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | null
  readonly bodyBytes: number
  readonly sha256: Buffer
  readonly correlationId: string
  readonly causationId: string | null
  readonly deliverAt: Date | null
  readonly receivedAt: Date
  readonly deliveries: readonly DeliveryRecord[]
}

export interface DeliveryRecord {
  readonly eventId: string
  readonly integrationId: number
  readonly integration: string
  readonly seq: number
  readonly replayId: number | null
  readonly place: Place
  /** When it may go out; null when it ended or is due since its beginning. */
  readonly due: Date | null
  /** With order: an earlier one of its subject has not ended. */
  readonly isBehindOther: boolean
  /** Tries that are over, and those of them that count against the policy. */
  readonly attempts: number
  readonly counted: number
  readonly error: string | null
  readonly errorClass: string | null
  readonly httpStatus: number | null
  readonly endedAt: Date | null
}

/** The clocks of two nodes may differ by this, or one clock may have jumped. */
const clockSkewMs = 3_600_000

/** No attempt of an event has an earlier time, so that earlier partitions need not be opened. */
export function earliestAttempt(eventId: string): Date {
  return new Date(eventTime(eventId).getTime() - clockSkewMs)
}

const eventColumns = `id, seq, source_id, type, subject, attributes, headers, content_type,
  octet_length(body) as body_bytes, sha256, correlation_id, causation_id, deliver_at, routes`

/**
 * One statement, so one snapshot: a delivery that moves meanwhile is seen either before or after its move, never in
 * both places or in none. Events and attempts are looked up by time too, so that only their partitions are opened.
 */
const eventsSql = `
  with event as materialized (
    select found.*, wanted.since
    from unnest($1::uuid[], $2::timestamptz[]) as wanted (id, since)
    cross join lateral (
      select ${eventColumns} from hub.events where id = wanted.id
      union all
      select ${eventColumns} from hub.events_kept where id = wanted.id
      limit 1
    ) as found
  ), delivery as (
    select event.id as event_id, event.since, route.integration_id, event.seq, null::bigint as replay_id
    from event cross join lateral unnest(event.routes) as route (integration_id)
    union all
    select event.id, event.since, again.integration_id, again.seq, again.replay_id
    from event join hub.redeliveries again on again.event_id = event.id
  ), placed as (
    select delivery.event_id, delivery.integration_id, delivery.seq as delivery_seq, delivery.replay_id,
      integration.name as integration,
      case when waiting.seq is not null then 'queue' else coalesce(letter.state, past.ended, 'unknown') end as place,
      waiting.due,
      exists (
        select from hub.queue earlier
        where earlier.integration_id = waiting.integration_id and earlier.subject_key = waiting.subject_key
          and earlier.seq < waiting.seq
      ) as is_behind_other,
      coalesce(waiting.attempts, letter.attempts, past.attempts)::int as attempts,
      coalesce(waiting.counted, letter.counted, past.counted)::int as counted,
      coalesce(waiting.last_error, letter.error, past.error) as error,
      coalesce(letter.error_class, past.error_class) as error_class,
      coalesce(letter.http_status, past.http_status) as http_status,
      coalesce(letter.died_at, past.ended_at) as ended_at
    from delivery
    join hub.integrations integration on integration.id = delivery.integration_id
    left join hub.queue waiting
      on waiting.integration_id = delivery.integration_id and waiting.seq = delivery.seq
    left join hub.dead_letters letter
      on letter.integration_id = delivery.integration_id and letter.seq = delivery.seq
    left join lateral (
      select count(*) filter (where n > 0) as attempts, count(*) filter (where counted) as counted,
        max(ended) filter (where is_end) as ended, max(at) filter (where is_end) as ended_at,
        max(error) filter (where is_end) as error, max(error_class) filter (where is_end) as error_class,
        max(http_status) filter (where is_end) as http_status
      from (
        select *, ended in ('delivered', 'cancelled', 'resolved') as is_end
        from hub.attempts
        where integration_id = delivery.integration_id and seq = delivery.seq and at >= delivery.since
      ) as attempt
      where waiting.seq is null and letter.seq is null
    ) as past on true
  )
  select event.id, event.seq, source.name as source, event.type, event.subject, event.attributes, event.headers,
    event.content_type, event.body_bytes, event.sha256, event.correlation_id,
    event.causation_id, event.deliver_at, placed.*
  from event
  join hub.sources source on source.id = event.source_id
  left join placed on placed.event_id = event.id
  order by event.id desc, placed.integration_id, placed.delivery_seq`

interface EventRow {
  id: string
  seq: number
  source: string
  type: string
  subject: string | null
  attributes: Attributes | null
  headers: Readonly<Record<string, string>> | null
  content_type: string | null
  body_bytes: number
  sha256: Buffer
  correlation_id: string | null
  causation_id: string | null
  deliver_at: Date | null
}

interface PlacedRow {
  event_id: string
  integration_id: number
  integration: string
  delivery_seq: number
  replay_id: number | null
  place: Place
  due: Date | null
  is_behind_other: boolean
  attempts: number
  counted: number
  error: string | null
  error_class: string | null
  http_status: number | null
  ended_at: Date | null
}

type UnplacedRow = Readonly<Record<keyof PlacedRow, null>>

/** Newest first, whatever the order of the ids; those that are not there are left out. */
export async function readEvents(client: Client, ids: readonly string[]): Promise<readonly EventRecord[]> {
  if (ids.length === 0) return []
  const result = await client.query<EventRow & (PlacedRow | UnplacedRow)>({
    name: 'read-events',
    text: eventsSql,
    values: [ids, ids.map(earliestAttempt)],
  })
  const byEvent = Map.groupBy(result.rows, (row) => row.id)
  return [...byEvent.values()].flatMap(([row, ...others]) =>
    row ? [toEventRecord(row, [row, ...others])] : [],
  )
}

function toEventRecord(row: EventRow, rows: readonly (PlacedRow | UnplacedRow)[]): EventRecord {
  return {
    id: row.id,
    seq: row.seq,
    source: row.source,
    type: row.type,
    subject: row.subject,
    attributes: row.attributes ?? {},
    headers: row.headers ?? {},
    contentType: row.content_type,
    bodyBytes: row.body_bytes,
    sha256: row.sha256,
    correlationId: row.correlation_id ?? row.id,
    causationId: row.causation_id,
    deliverAt: row.deliver_at,
    receivedAt: eventTime(row.id),
    deliveries: rows.flatMap((placed) => (placed.event_id === null ? [] : [toDeliveryRecord(placed)])),
  }
}

function toDeliveryRecord(row: PlacedRow): DeliveryRecord {
  return {
    eventId: row.event_id,
    integrationId: row.integration_id,
    integration: row.integration,
    seq: row.delivery_seq,
    replayId: row.replay_id,
    place: row.place,
    due: row.due,
    isBehindOther: row.is_behind_other,
    attempts: row.attempts,
    counted: row.counted,
    error: row.error,
    errorClass: row.error_class,
    httpStatus: row.http_status,
    endedAt: row.ended_at,
  }
}

export interface Payload {
  readonly body: Buffer
  readonly contentType: string | null
}

/** The bytes as they came. */
export async function readPayload(pool: Pool, eventId: string): Promise<Payload | null> {
  const result = await pool.query<{ body: Buffer; content_type: string | null }>(
    `select body, content_type from hub.events where id = $1
     union all
     select body, content_type from hub.events_kept where id = $1
     limit 1`,
    [eventId],
  )
  const [row] = result.rows
  return row ? { body: row.body, contentType: row.content_type } : null
}
