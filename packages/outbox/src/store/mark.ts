import type { Mark } from '../core/outcome.ts'
import type { HeldRow } from './fan-out.ts'
import type { Session } from './session.ts'

export interface RowMark extends Mark {
  readonly eventSeq: number
  readonly consumerId: number
  readonly token: string
}

export interface Marked {
  readonly eventSeq: number
  readonly consumerId: number
}

export interface MarkResult {
  /** The rows that were still ours; another instance has taken over the others. */
  readonly marked: readonly Marked[]
  /** Lines whose next event may go, once this has committed. */
  readonly freed: readonly HeldRow[]
}

/** Writes how rows ended, each only where its token still stands. */
export async function mark(session: Session, marks: readonly RowMark[]): Promise<MarkResult> {
  const { schema } = session
  const rows = await session.query<{ eventSeq: number; consumerId: number; freedKey: string | null }>(
    `with given as (
      select * from json_to_recordset($1::text::json) as given ("eventSeq" bigint, "consumerId" int, token uuid,
        state text, "delayMs" float8, attempted int, error text, "skipReason" text)
    ), marked as (
      update ${schema}.inbox i set
        state = g.state,
        due_at = clock_timestamp() + g."delayMs" * interval '1 ms',
        finished_at = case when g."delayMs" is null then clock_timestamp() end,
        attempts = i.attempts + g.attempted,
        last_error = coalesce(g.error, i.last_error),
        skip_reason = g."skipReason",
        token = null, instance_id = null
      from given g
      where i.event_seq = g."eventSeq" and i.consumer_id = g."consumerId" and i.state = 'processing'
        and i.token = g.token
      returning i.event_seq, i.consumer_id, i.order_key, i.state, i.finished_at
    ), done as (
      update ${schema}.business_keys k set is_done = true from marked m
      where k.consumer_id = m.consumer_id and k.event_seq = m.event_seq and m.state = 'processed' and not k.is_done
    ), forgotten as (
      -- Who failed has not done what its business key stands for: another event with that key may.
      delete from ${schema}.business_keys k using marked m
      where k.consumer_id = m.consumer_id and k.event_seq = m.event_seq and m.state in ('failed', 'dead')
    )
    select event_seq::float8 as "eventSeq", consumer_id as "consumerId",
      case when finished_at is not null then order_key end as "freedKey"
    from marked`,
    [JSON.stringify(marks)],
  )
  return {
    marked: rows.map((row) => ({ eventSeq: row.eventSeq, consumerId: row.consumerId })),
    freed: rows.flatMap((row) =>
      row.freedKey === null ? [] : [{ consumerId: row.consumerId, orderKey: row.freedKey }],
    ),
  }
}
