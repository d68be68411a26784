import { Type, type Static } from 'typebox'
import { firstEventIdAt, isUuid, lastEventId } from '../core/ids.ts'
import { closed } from '../core/schema.ts'
import type { EventStatus } from '../core/status.ts'
import type { Client } from './database.ts'
import { maxRows, SeqNumber, UuidText, type Step } from './walking.ts'

export interface EventQuery {
  readonly source: string | null
  readonly type: string | null
  readonly subject: string | null
  readonly correlationId: string | null
  /** Accepted at this time or later, and before this time. */
  readonly from: Date | null
  readonly to: Date | null
  readonly status: EventStatus | null
}

/** Where the list goes on: below an event's id or below a delivery's seq, as the key that is walked has it. */
export const EventPosition = closed({ id: Type.Optional(UuidText), seq: Type.Optional(SeqNumber) })
export type EventPosition = Static<typeof EventPosition>

export interface EventCandidate {
  readonly eventId: string
  readonly position: EventPosition
}

type EventStep = Step<EventCandidate, EventPosition>

/** One step along a time-ordered key, newest first. It may meet the same event twice. */
export type EventWalk = (
  client: Client,
  query: EventQuery,
  position: EventPosition | null,
  count: number,
) => Promise<EventStep>

/** Steps along the key on which what is looked for is dense. */
export function chooseEventWalk(query: EventQuery): EventWalk {
  if (query.subject !== null || query.correlationId !== null) return walkLog
  if (query.status === 'FAILED') return walkDeadLetters
  if (query.status === 'PENDING' || query.status === 'PROCESSING') return walkQueue
  return walkLog
}

/** The ids from which and below which events are looked for. */
function bounds(query: EventQuery, position: EventPosition | null): readonly [first: string, below: string] {
  const below = [query.to ? firstEventIdAt(query.to) : lastEventId]
  if (position?.id !== undefined) below.push(position.id)
  return [firstEventIdAt(query.from ?? new Date(0)), below.toSorted()[0] ?? lastEventId]
}

/** The values of a statement that is put together, each bound where it is used. */
class Values {
  readonly list: unknown[] = []
  bind(value: unknown): string {
    return `$${this.list.push(value)}`
  }
}

/** Along the ids of all events, or of those of one subject or correlation. */
const walkLog: EventWalk = async (client, query, position, count) => {
  const values = new Values()
  const key = logKey(query, bounds(query, position), values)
  const keyValues = [...values.list]
  const found = await client.query<{ id: string }>(
    `select id from (${key} limit ${maxRows}) as walked
     ${logFilter(query, values)} order by id desc limit ${values.bind(count)}`,
    values.list,
  )
  const ids = found.rows.map((row) => row.id)
  const last = ids.at(-1)
  if (ids.length === count && last !== undefined) return logStep(ids, count, last)
  const end = await client.query<{ id: string }>(`${key} offset ${maxRows - 1} limit 1`, keyValues)
  return logStep(ids, maxRows, end.rows[0]?.id ?? null)
}

function logStep(ids: readonly string[], walkedRows: number, end: string | null): EventStep {
  return {
    candidates: ids.map((id) => ({ eventId: id, position: { id } })),
    walkedRows,
    next: end === null ? null : { id: end },
  }
}

/** While a day is being dropped, an event that outlives it is in both tables. */
function logKey(query: EventQuery, [first, below]: readonly [string, string], values: Values): string {
  const range = `id >= ${values.bind(first)} and id < ${values.bind(below)}`
  const branches = logKeyParts(query, values).flatMap((part) =>
    ['hub.events', 'hub.events_kept'].map(
      (table) => `(select id, source_id, type, routes from ${table}
        where ${[range, ...part].join(' and ')} order by id desc limit ${maxRows})`,
    ),
  )
  return `select distinct on (id) * from (${branches.join(' union all ')}) as candidate order by id desc`
}

function logKeyParts({ subject, correlationId }: EventQuery, values: Values): readonly (readonly string[])[] {
  const bySubject = subject === null ? [] : [`subject = ${values.bind(subject)}`]
  if (correlationId === null) return [bySubject]
  const parts = [[...bySubject, `correlation_id = ${values.bind(correlationId)}`]]
  // Without a correlation given, an event's own id is its correlation.
  if (isUuid(correlationId)) {
    parts.push([...bySubject, `id = ${values.bind(correlationId)}`, 'correlation_id is null'])
  }
  return parts
}

function logFilter({ type, source, status }: EventQuery, values: Values): string {
  const filters: string[] = []
  if (type !== null) filters.push(`type = ${values.bind(type)}`)
  if (source !== null) {
    filters.push(`source_id in (select id from hub.sources where name = ${values.bind(source)})`)
  }
  if (status === 'UNROUTED') filters.push(`routes = '{}'`)
  return filters.length === 0 ? '' : `where ${filters.join(' and ')}`
}

/** Along the events that have dead letters. */
const walkDeadLetters: EventWalk = async (client, query, position, count) => {
  const [first, below] = bounds(query, position)
  const result = await client.query<{ event_id: string }>({
    name: 'walk-events-of-dead-letters',
    text: `
      select distinct on (event_id) event_id from hub.dead_letters
      where event_id >= $1 and event_id < $2 order by event_id desc limit $3`,
    values: [first, below, count],
  })
  const ids = result.rows.map((row) => row.event_id)
  return logStep(ids, ids.length, ids.length === count ? (ids.at(-1) ?? null) : null)
}

/** Along the deliveries that have not ended, of all integrations at once. */
const walkQueue: EventWalk = async (client, query, position, count) => {
  const [first, below] = bounds(query, null)
  const result = await client.query<{ seq: number; event_id: string; is_within: boolean }>({
    name: 'walk-events-of-queue',
    text: `
      select waiting.seq, waiting.event_id, event_id >= $3 and event_id < $4 as is_within
      from hub.integrations lane
      cross join lateral (
        select seq, event_id from hub.queue where integration_id = lane.id and seq < $1 order by seq desc limit $2
      ) as waiting
      order by waiting.seq desc limit $2`,
    values: [position?.seq ?? Number.MAX_SAFE_INTEGER, count, first, below],
  })
  const last = result.rows.at(-1)
  return {
    candidates: result.rows
      .filter((row) => row.is_within)
      .map((row) => ({ eventId: row.event_id, position: { seq: row.seq } })),
    walkedRows: result.rows.length,
    next: last && result.rows.length === count ? { seq: last.seq } : null,
  }
}
