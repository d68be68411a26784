import type { HeldRow } from './fan-out.ts'
import { eventColumns, type RawEvent } from './events.ts'
import type { Session } from './session.ts'

export interface RawDeadLetter extends RawEvent {
  readonly eventSeq: number
  readonly consumerId: number
  readonly consumerName: string
  readonly attempts: number
  readonly generation: number
  readonly lastError: string | null
  readonly diedAtMs: number
}

export interface DeadLetterKey {
  readonly eventSeq: number
  readonly consumerId: number
}

export interface DeadLetterFilter {
  readonly consumerName?: string | undefined
  readonly eventName?: string | undefined
}

/** Newest events first, from below `before` on. */
export function listDeadLetters(
  session: Session,
  filter: DeadLetterFilter,
  before: DeadLetterKey | null,
  limit: number,
): Promise<readonly RawDeadLetter[]> {
  const { schema } = session
  return session.query<RawDeadLetter>(
    `select i.event_seq::float8 as "eventSeq", i.consumer_id as "consumerId", c.name as "consumerName", i.attempts, i.generation,
      i.last_error as "lastError", extract(epoch from i.finished_at)::float8 * 1000 as "diedAtMs", ${eventColumns}
    from ${schema}.inbox i
      join ${schema}.consumers c on c.id = i.consumer_id
      join ${schema}.events e on e.seq = i.event_seq
    where ${matches} and ($3::float8 is null or (i.event_seq, i.consumer_id) < ($3::float8::bigint, $4::int))
    order by i.event_seq desc, i.consumer_id desc
    limit $5::int`,
    [
      filter.consumerName ?? null,
      filter.eventName ?? null,
      before?.eventSeq ?? null,
      before?.consumerId ?? null,
      limit,
    ],
  )
}

const matches = `i.state = 'dead' and ($1::text is null or c.name = $1::text)
  and ($2::text is null or i.event_name = $2::text)`

const again = `state = 'received', attempts = 0, interruptions = 0, generation = i.generation + 1, finished_at = null,
  due_at = case when i.order_key is null then now() end`

interface RawLine {
  consumerId: number
  orderKey: string | null
}

/** Lets dead letters have their attempts again; returns how many, and the lines that they joined. */
export async function retryDeadLetters(session: Session, filter: DeadLetterFilter): Promise<Retried> {
  const { schema } = session
  const rows = await session.query<RawLine>(
    `update ${schema}.inbox i set ${again} from ${schema}.consumers c
    where c.id = i.consumer_id and ${matches}
    returning i.consumer_id as "consumerId", i.order_key as "orderKey"`,
    [filter.consumerName ?? null, filter.eventName ?? null],
  )
  return toRetried(rows)
}

export async function retryDeadLetter(session: Session, key: DeadLetterKey): Promise<Retried> {
  const rows = await session.query<RawLine>(
    `update ${session.schema}.inbox i set ${again}
    where i.event_seq = $1::float8::bigint and i.consumer_id = $2::int and i.state = 'dead'
    returning i.consumer_id as "consumerId", i.order_key as "orderKey"`,
    [key.eventSeq, key.consumerId],
  )
  return toRetried(rows)
}

export async function discardDeadLetter(session: Session, key: DeadLetterKey): Promise<boolean> {
  const rows = await session.query(
    `update ${session.schema}.inbox set state = 'skipped', skip_reason = 'discarded', finished_at = now()
    where event_seq = $1::float8::bigint and consumer_id = $2::int and state = 'dead' returning 1 as discarded`,
    [key.eventSeq, key.consumerId],
  )
  return rows.length > 0
}

export interface Retried {
  readonly count: number
  readonly lines: readonly HeldRow[]
}

function toRetried(rows: readonly RawLine[]): Retried {
  return {
    count: rows.length,
    lines: rows.flatMap((row) =>
      row.orderKey === null ? [] : [{ consumerId: row.consumerId, orderKey: row.orderKey }],
    ),
  }
}
