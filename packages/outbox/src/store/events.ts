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

/**
 * The columns of `RawEvent`, for statements that join the events as `e`. Results are named in camel case throughout,
 * because clients that are set up to turn snake case into it would rename the others.
 */
export const eventColumns = `e.id::text as "eventId", e.event_name as "eventName", e.source_module as "sourceModule",
  e.aggregate_type as "aggregateType", e.aggregate_id as "aggregateId", e.payload::text as payload,
  e.metadata::text as metadata, e.correlation_id as "correlationId", e.causation_id as "causationId",
  e.schema_version as "schemaVersion", extract(epoch from e.occurred_at)::float8 * 1000 as "occurredAtMs"`

export interface RawEvent {
  readonly eventId: string
  readonly eventName: string
  readonly sourceModule: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly payload: string
  readonly metadata: string
  readonly correlationId: string
  readonly causationId: string | null
  readonly schemaVersion: number
  readonly occurredAtMs: number
}

export function toEvent(row: RawEvent): DomainEvent {
  const metadata: unknown = JSON.parse(row.metadata)
  return {
    id: row.eventId,
    eventName: row.eventName,
    sourceModule: row.sourceModule,
    aggregateType: row.aggregateType,
    aggregateId: row.aggregateId,
    payload: JSON.parse(row.payload) as unknown,
    metadata: metadata as DomainEvent['metadata'],
    correlationId: row.correlationId,
    causationId: row.causationId,
    schemaVersion: row.schemaVersion,
    timestamp: new Date(Math.round(row.occurredAtMs)),
  }
}
