import { firstEventIdAt } from '../core/ids.ts'
import type { Client } from './database.ts'
import { isTimed, type RowKey } from './queue.ts'

export interface ExpiredRow extends RowKey {
  readonly eventId: string
  readonly wasTimed: boolean
  readonly bodyBytes: number
  readonly attempts: number
  readonly counted: number
  readonly replayId: number | null
  readonly subjectKey: bigint | null
}

export interface Expired {
  readonly rows: readonly ExpiredRow[]
  /** Behind it may lie more; null: only newer ones. */
  readonly nextAfterSeq: number | null
}

const isOver = 'event_id < $2 and coalesce(restarted_at < $3, true)'

/**
 * Of the oldest waiting deliveries after one, at most `limit`, takes those out of the queue of which the policy's clock
 * began before a time: newer ones lie behind them and need no look. What a node holds is left to it.
 */
export async function takeExpired(
  client: Client,
  integrationId: number,
  before: Date,
  afterSeq: number,
  limit: number,
): Promise<Expired> {
  const firstYoung = firstEventIdAt(before)
  const oldest = await client.query<{ seq: number; is_old: boolean; is_over: boolean }>(
    `select seq, event_id < $2 as is_old, ${isOver} as is_over
     from hub.queue
     where integration_id = $1 and owner is null and seq > $4
     order by seq limit $5`,
    [integrationId, firstYoung, before, afterSeq, limit],
  )
  const seqs = oldest.rows.filter((row) => row.is_over).map((row) => row.seq)
  const mayBeMore = oldest.rows.length === limit && oldest.rows.every((row) => row.is_old)
  const nextAfterSeq = mayBeMore ? (oldest.rows.at(-1)?.seq ?? null) : null
  return {
    rows: seqs.length > 0 ? await takeOut(client, integrationId, firstYoung, before, seqs) : [],
    nextAfterSeq,
  }
}

async function takeOut(
  client: Client,
  integrationId: number,
  firstYoung: string,
  before: Date,
  seqs: readonly number[],
): Promise<readonly ExpiredRow[]> {
  const result = await client.query<{
    seq: number
    event_id: string
    was_timed: boolean
    body_bytes: number
    attempts: number
    counted: number
    replay_id: number | null
    subject_key: string | null
  }>(
    `with over as (
       select seq from hub.queue
       where integration_id = $1 and seq = any($4::bigint[]) and owner is null and ${isOver}
       order by seq for update skip locked
     )
     delete from hub.queue using over where queue.integration_id = $1 and queue.seq = over.seq
     returning queue.seq, event_id, ${isTimed('queue')} as was_timed, body_bytes, attempts, counted, replay_id,
       subject_key::text`,
    [integrationId, firstYoung, before, seqs],
  )
  return result.rows.map((row) => ({
    integrationId,
    seq: row.seq,
    eventId: row.event_id,
    wasTimed: row.was_timed,
    bodyBytes: row.body_bytes,
    attempts: row.attempts,
    counted: row.counted,
    replayId: row.replay_id,
    subjectKey: row.subject_key === null ? null : BigInt(row.subject_key),
  }))
}
