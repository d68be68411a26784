import type { Client } from './database.ts'
import type { RowKey } from './queue.ts'

export interface ExpiredRow extends RowKey {
  readonly eventId: string
  readonly wasTimed: boolean
  readonly bodyBytes: number
  readonly attempts: number
  readonly counted: number
  readonly replayId: number | null
  readonly subjectKey: bigint | null
}

/**
 * Of the oldest waiting deliveries, at most `limit`, takes those out of the queue that were accepted, or begun again,
 * before a time: newer ones lie behind them and need no look. What a node holds is left to it.
 */
export async function takeExpired(
  client: Client,
  integrationId: number,
  firstId: string,
  before: Date,
  limit: number,
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
    `with oldest as materialized (
       select seq, event_id, restarted_at from hub.queue
       where integration_id = $1 and owner is null
       order by seq limit $4
       for update skip locked
     ), chosen as materialized (
       select seq from oldest where event_id < $2 and (restarted_at is null or restarted_at < $3)
     )
     delete from hub.queue q using chosen
     where q.integration_id = $1 and q.seq = chosen.seq
     returning q.seq, q.event_id, q.due is not null as was_timed, q.body_bytes, q.attempts, q.counted, q.replay_id,
       q.subject_key::text`,
    [integrationId, firstId, before, limit],
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
