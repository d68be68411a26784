import type { Attributes, StoredEvent } from '../core/event.ts'
import { eventTime } from '../core/ids.ts'
import type { Statement } from './burst.ts'
import { CopyRows } from './copy.ts'
import type { Client, Pool } from './database.ts'

/** An event about to be kept, with what only the log needs to know. */
export interface NewEvent {
  readonly stored: StoredEvent
  /** In hexadecimal. */
  readonly sha256: string
  readonly causationId: string | null
  readonly deliverAt: Date | null
  readonly keyHash: string | null
  readonly routes: readonly number[]
}

const insertSql = `
  copy hub.events (id, seq, source_id, type, subject, attributes, content_type, body, sha256, headers,
                   correlation_id, causation_id, deliver_at, key_hash, routes)
  from stdin (format binary)`

export function insertEvents(events: readonly NewEvent[]): Statement {
  const bytes = events.reduce((sum, event) => sum + event.stored.body.length + 512, 0)
  const rows = new CopyRows(bytes)
  for (const event of events) writeEvent(rows, event)
  return { sql: insertSql, rows }
}

function writeEvent(rows: CopyRows, log: NewEvent): void {
  const event = log.stored
  rows.row(15)
  rows.uuid(event.id)
  rows.bigint(event.seq)
  rows.int(event.sourceId)
  rows.text(event.type)
  textOrNull(rows, event.subject)
  textOrNull(rows, jsonOrNull(event.attributes))
  textOrNull(rows, event.contentType)
  rows.bytes(event.body)
  rows.hex(log.sha256)
  textOrNull(rows, jsonOrNull(event.headers))
  textOrNull(rows, event.correlationId === event.id ? null : event.correlationId)
  textOrNull(rows, log.causationId)
  if (log.deliverAt) rows.time(log.deliverAt)
  else rows.null()
  if (log.keyHash) rows.uuid(log.keyHash)
  else rows.null()
  rows.intArray(log.routes)
}

function textOrNull(rows: CopyRows, value: string | null): void {
  if (value === null) rows.null()
  else rows.text(value)
}

function jsonOrNull(value: Readonly<Record<string, string>>): string | null {
  for (const _ in value) return JSON.stringify(value)
  return null
}

export async function insertBusinessKeys(
  client: Client,
  keys: readonly { readonly name: string; readonly value: string; readonly eventId: string }[],
): Promise<void> {
  if (keys.length === 0) return
  await client.query(
    `insert into hub.business_keys (name, value, event_id)
     select * from unnest($1::text[], $2::text[], $3::uuid[])
     on conflict do nothing`,
    [keys.map((key) => key.name), keys.map((key) => key.value), keys.map((key) => key.eventId)],
  )
}

/** What targets get, by event id. An event whose partition is gone but that is still owed lies in `events_kept`. */
export async function loadEvents(
  client: Client | Pool,
  ids: readonly string[],
): Promise<Map<string, StoredEvent>> {
  // The lateral join looks each id up in its own partition; `= any` would open them all.
  const result = await client.query<LoadedRow>({
    name: 'load-events',
    text: `
      select e.*, s.name
      from unnest($1::uuid[]) as wanted (id)
      cross join lateral (
        select ${loadedSql} from hub.events where id = wanted.id
        union all
        select ${loadedSql} from hub.events_kept where id = wanted.id
        limit 1
      ) as e
      join hub.sources s on s.id = e.source_id`,
    values: [ids],
    rowMode: 'array',
  })
  return new Map(result.rows.map((row) => [row[0], toStoredEvent(row)]))
}

// In base64, a payload is read three times as fast as in PostgreSQL's own hexadecimal.
const loadedSql = `id, seq, source_id, type, subject, attributes, content_type, encode(body, 'base64') as body, headers,
  correlation_id`

/** By place: at thousands a second an object by names costs twice as much. */
type LoadedRow = [
  id: string,
  seq: number,
  sourceId: number,
  type: string,
  subject: string | null,
  attributes: Attributes | null,
  contentType: string | null,
  body: string,
  headers: Readonly<Record<string, string>> | null,
  correlationId: string | null,
  sourceName: string,
]

function toStoredEvent(row: LoadedRow): StoredEvent {
  const [
    id,
    seq,
    sourceId,
    type,
    subject,
    attributes,
    contentType,
    body,
    headers,
    correlationId,
    sourceName,
  ] = row
  return {
    id,
    seq,
    sourceId,
    sourceName,
    type,
    subject,
    attributes: attributes ?? {},
    contentType,
    body: Buffer.from(body, 'base64'),
    headers: headers ?? {},
    correlationId: correlationId ?? id,
    receivedAt: eventTime(id),
  }
}
