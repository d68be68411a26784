import type { CheckedEvent, DomainEvent } from '../core/event.ts'
import type { Session } from './session.ts'

/**
 * Writes events, and the note that they are to be fanned out, in one statement. An id that is already there is left as
 * it is. Payloads travel as strings inside the JSON: PostgreSQL would refuse an escaped U+0000 deep inside of them.
 */
export async function insertEvents(session: Session, events: readonly CheckedEvent[]): Promise<void> {
  await session.query(
    `with given as (
      select * from json_to_recordset($1::text::json) as given (
        position int, id uuid, "eventName" text, "sourceModule" text, "aggregateType" text, "aggregateId" text,
        payload text, metadata text, "correlationId" text, "causationId" text, "schemaVersion" int,
        "timestamp" timestamptz)
    ), added as (
      insert into ${session.schema}.events (id, event_name, source_module, aggregate_type, aggregate_id, payload,
        metadata, correlation_id, causation_id, schema_version, occurred_at)
      select id, "eventName", "sourceModule", "aggregateType", "aggregateId", payload::json,
        metadata::json, "correlationId", "causationId", "schemaVersion", "timestamp"
      from given order by position
      on conflict (id) do nothing
      returning seq
    )
    insert into ${session.schema}.fan_out (event_seq) select seq from added`,
    [JSON.stringify(events.map((event, position) => ({ position, ...event })))],
  )
}

/** The columns of `RawEvent`, for statements that join the events as `e`. */
export const eventColumns = `e.id::text as event_id, e.event_name, e.source_module, e.aggregate_type, e.aggregate_id,
  e.payload::text as payload, e.metadata::text as metadata, e.correlation_id, e.causation_id, e.schema_version,
  extract(epoch from e.occurred_at)::float8 * 1000 as occurred_at_ms`

export interface RawEvent {
  readonly event_id: string
  readonly event_name: string
  readonly source_module: string
  readonly aggregate_type: string
  readonly aggregate_id: string
  readonly payload: string
  readonly metadata: string
  readonly correlation_id: string
  readonly causation_id: string | null
  readonly schema_version: number
  readonly occurred_at_ms: number
}

export function toEvent(row: RawEvent): DomainEvent {
  const metadata: unknown = JSON.parse(row.metadata)
  return {
    id: row.event_id,
    eventName: row.event_name,
    sourceModule: row.source_module,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    payload: JSON.parse(row.payload) as unknown,
    metadata: metadata as DomainEvent['metadata'],
    correlationId: row.correlation_id,
    causationId: row.causation_id,
    schemaVersion: row.schema_version,
    timestamp: new Date(Math.round(row.occurred_at_ms)),
  }
}
