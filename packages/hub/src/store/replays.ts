import { eventTime } from '../core/ids.ts'
import type { ReplayPlan, ReplayPosition } from '../core/replay.ts'
import type { Client, Pool } from './database.ts'

export type ReplayState = 'running' | 'done' | 'cancelled'

export interface ReplayRecord {
  readonly id: number
  readonly integrationId: number
  readonly integration: string
  readonly isOfDeleted: boolean
  /** As it was asked for. */
  readonly asked: Readonly<Record<string, unknown>>
  readonly plan: ReplayPlan
  readonly state: ReplayState
  readonly position: ReplayPosition
  /** What it will touch; null: too many to be counted before it began. */
  readonly total: number | null
  readonly started: number
  readonly skipped: number
  readonly createdAt: Date
  readonly endedAt: Date | null
}

interface ReplayRow {
  id: number
  integration_id: number
  integration: string
  is_of_deleted: boolean
  request: { readonly asked: Readonly<Record<string, unknown>>; readonly plan: ReplayPlan }
  state: ReplayState
  position: ReplayPosition
  total: number | null
  started: number
  skipped: number
  created_at: Date
  ended_at: Date | null
}

const selectSql = `
  select replay.*, integration.name as integration, integration.deleted_at is not null as is_of_deleted
  from hub.replays replay join hub.integrations integration on integration.id = replay.integration_id`

export interface NewReplay {
  readonly integrationId: number
  readonly asked: Readonly<Record<string, unknown>>
  readonly plan: ReplayPlan
  readonly position: ReplayPosition
  readonly total: number | null
}

export async function insertReplay(client: Client, replay: NewReplay): Promise<number> {
  const { integrationId, asked, plan, position, total } = replay
  const result = await client.query<{ id: number }>(
    `insert into hub.replays (integration_id, request, state, position, total)
     values ($1, $2, 'running', $3, $4) returning id`,
    [integrationId, JSON.stringify({ asked, plan }), JSON.stringify(position), total],
  )
  return result.rows[0]?.id ?? 0
}

export async function findReplay(client: Client | Pool, id: number): Promise<ReplayRecord | null> {
  const result = await client.query<ReplayRow>(`${selectSql} where replay.id = $1`, [id])
  return result.rows.map(toRecord)[0] ?? null
}

/** Latest first. */
export async function listReplays(
  pool: Pool,
  page: { readonly beforeId: number | null; readonly integrationId: number | null; readonly limit: number },
): Promise<readonly ReplayRecord[]> {
  const result = await pool.query<ReplayRow>(
    `${selectSql}
     where ($1::bigint is null or replay.id < $1) and ($2::int is null or replay.integration_id = $2)
     order by replay.id desc limit $3`,
    [page.beforeId, page.integrationId, page.limit],
  )
  return result.rows.map(toRecord)
}

export type UnendedReplay = Pick<ReplayRecord, 'id' | 'integrationId' | 'state'>

/** Those that have something left to do. */
export async function listUnendedReplays(pool: Pool): Promise<readonly UnendedReplay[]> {
  const result = await pool.query<{ id: number; integration_id: number; state: ReplayState }>(
    'select id, integration_id, state from hub.replays where ended_at is null order by id limit 1000',
  )
  return result.rows.map(({ id, integration_id, state }) => ({ id, integrationId: integration_id, state }))
}

/** Null: it has ended, or another node is at it, for which one may wait. */
export async function lockReplay(
  client: Client,
  id: number,
  whenBusy: 'skip' | 'wait',
): Promise<ReplayRecord | null> {
  const result = await client.query<ReplayRow>(
    `${selectSql} where replay.id = $1 and replay.ended_at is null
     for update of replay ${whenBusy === 'skip' ? 'skip locked' : ''}`,
    [id],
  )
  return result.rows.map(toRecord)[0] ?? null
}

export interface ReplayProgress {
  readonly position: ReplayPosition
  readonly started: number
  readonly skipped: number
  /** The state in which it ended; null: it goes on. */
  readonly ended: ReplayState | null
}

/** Belongs into the transaction that made the progress, so that no crash makes it twice. */
export async function saveProgress(client: Client, id: number, progress: ReplayProgress): Promise<void> {
  await client.query(
    `update hub.replays
     set position = $2, started = started + $3, skipped = skipped + $4, state = coalesce($5, state),
       ended_at = case when $5::text is null then null else now() end
     where id = $1`,
    [id, JSON.stringify(progress.position), progress.started, progress.skipped, progress.ended],
  )
}

/** From when on events are still to be walked by replays of history; null: by none. */
export async function oldestTimeInReplay(pool: Pool): Promise<Date | null> {
  const result = await pool.query<{ after: string | null; from_ms: number | null }>(
    `select position ->> 'after' as after, (request -> 'plan' -> 'filter' ->> 'fromMs')::float8 as from_ms
     from hub.replays
     where ended_at is null and state = 'running' and request -> 'plan' -> 'phases' -> 0 ->> 'kind' = 'history'`,
  )
  const times = result.rows.map(({ after, from_ms }) => (after ? eventTime(after).getTime() : (from_ms ?? 0)))
  return times.length === 0 ? null : new Date(Math.min(...times))
}

/** Waits for a batch that is under way, and keeps further ones waiting. Null: there is no such replay. */
export async function holdReplay(client: Client, id: number): Promise<ReplayState | null> {
  const result = await client.query<{ state: ReplayState }>(
    'select state from hub.replays where id = $1 for update',
    [id],
  )
  return result.rows[0]?.state ?? null
}

/** What it has begun and nobody has sent is then taken back step by step, from a position on. */
export async function stopReplay(client: Client, id: number, position: ReplayPosition): Promise<void> {
  await client.query(
    `update hub.replays set state = 'cancelled', position = $2, ended_at = null where id = $1`,
    [id, JSON.stringify(position)],
  )
}

/** The highest seq that a delivery can have now. */
export async function readLastSeq(client: Client): Promise<number> {
  const result = await client.query<{ seq: number }>(
    `select event_seq.last_value + increment_by - 1 as seq
     from hub.event_seq cross join pg_sequences where schemaname = 'hub' and sequencename = 'event_seq'`,
  )
  return result.rows[0]?.seq ?? 0
}

function toRecord(row: ReplayRow): ReplayRecord {
  return {
    id: row.id,
    integrationId: row.integration_id,
    integration: row.integration,
    isOfDeleted: row.is_of_deleted,
    asked: row.request.asked,
    plan: row.request.plan,
    state: row.state,
    position: row.position,
    total: row.total,
    started: row.started,
    skipped: row.skipped,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  }
}
