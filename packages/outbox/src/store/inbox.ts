import type { State } from '../core/outcome.ts'
import type { Session } from './session.ts'

/** One event before one consumer. */
export interface InboxEntry {
  readonly eventId: string
  readonly eventName: string
  readonly consumerName: string
  readonly state: State
  /** How often the handler ran to an end, in the present generation. */
  readonly attempts: number
  /** How often it was asked for again by a replay or a retry of the dead letter. */
  readonly generation: number
  /** From when it may run again; null while it runs, when it has ended, or while it waits for its aggregate's turn. */
  readonly dueAt: Date | null
  readonly lastError: string | null
  readonly skipReason: string | null
  readonly receivedAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

export interface InboxFilter {
  readonly eventId?: string | undefined
  readonly consumerName?: string | undefined
  readonly eventName?: string | undefined
  readonly state?: State | undefined
}

interface RawEntry extends Omit<InboxEntry, 'dueAt' | 'receivedAt' | 'startedAt' | 'finishedAt'> {
  readonly dueMs: number | null
  readonly receivedMs: number
  readonly startedMs: number | null
  readonly finishedMs: number | null
}

const inMs = (column: string) => `extract(epoch from ${column})::float8 * 1000`

/** Newest first. */
export async function findInbox(session: Session, filter: InboxFilter, limit: number): Promise<InboxEntry[]> {
  const { schema } = session
  const rows = await session.query<RawEntry>(
    `select e.id::text as "eventId", i.event_name as "eventName", c.name as "consumerName", i.state, i.attempts,
      i.generation, i.last_error as "lastError", i.skip_reason as "skipReason", ${inMs('i.due_at')} as "dueMs",
      ${inMs('i.received_at')} as "receivedMs", ${inMs('i.started_at')} as "startedMs",
      ${inMs('i.finished_at')} as "finishedMs"
    from ${schema}.inbox i
      join ${schema}.consumers c on c.id = i.consumer_id
      join ${schema}.events e on e.seq = i.event_seq
    where ($1::text is null or i.event_seq = (select seq from ${schema}.events where id = $1::text::uuid))
      and ($2::text is null or c.name = $2::text)
      and ($3::text is null or i.event_name = $3::text)
      and ($4::text is null or i.state = $4::text)
    order by i.event_seq desc, c.name
    limit $5::int`,
    [
      filter.eventId ?? null,
      filter.consumerName ?? null,
      filter.eventName ?? null,
      filter.state ?? null,
      limit,
    ],
  )
  return rows.map(toEntry)
}

export async function isProcessed(session: Session, eventId: string, consumerName: string): Promise<boolean> {
  const { schema } = session
  const rows = await session.query(
    `select 1 as found from ${schema}.inbox i
    where i.event_seq = (select seq from ${schema}.events where id = $1::text::uuid)
      and i.consumer_id = (select id from ${schema}.consumers where name = $2) and i.state = 'processed'`,
    [eventId, consumerName],
  )
  return rows.length > 0
}

function toEntry({ dueMs, receivedMs, startedMs, finishedMs, ...entry }: RawEntry): InboxEntry {
  return {
    ...entry,
    dueAt: toDate(dueMs),
    receivedAt: new Date(Math.round(receivedMs)),
    startedAt: toDate(startedMs),
    finishedAt: toDate(finishedMs),
  }
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(Math.round(ms))
}
