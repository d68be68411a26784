import type { ErrorClass } from '../core/outcome.ts'
import type { Changed } from './acting.ts'
import { CounterChanges } from './counters.ts'
import type { Client } from './database.ts'
import { isTimed, type RowKey } from './queue.ts'

/** An event that is to be delivered once more. */
export interface Redelivery {
  readonly eventId: string
  readonly bodyBytes: number
  readonly subjectKey: bigint | null
  readonly due: Date | null
}

/**
 * Retention moves the horizon first and then looks what is owed: as long as this transaction runs the horizon stays, so
 * that no event is dropped of which a delivery is being made.
 */
export async function holdHorizon(client: Client): Promise<string> {
  const result = await client.query<{ first_id: string }>('select first_id from hub.event_horizon for share')
  return result.rows[0]?.first_id ?? ''
}

/** The first key of the locks that keep two replays of an integration from making the same delivery at once. */
const redeliveryLock = 7_303

export async function lockRedeliveries(client: Client, integrationId: number): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1, $2)', [redeliveryLock, integrationId])
}

const blockSize = 1_000

/** Makes a new delivery of each event, in their order, unless it is about to be dropped. */
export async function redeliver(
  client: Client,
  integrationId: number,
  replayId: number,
  events: readonly Redelivery[],
): Promise<Changed> {
  const counts = new CounterChanges()
  if (events.length === 0) return { keys: [], woken: [], counts }
  const horizon = await holdHorizon(client)
  const seqs = await takeSeqs(client, events.length)
  const result = await client.query<{ event_id: string; seq: number }>(
    `with made as (
       insert into hub.queue (integration_id, seq, event_id, body_bytes, due, subject_key, restarted_at, replay_id)
       select $1, wanted.seq, event_id, body_bytes, due, subject_key, coalesce(due, now()), $2
       from unnest($3::bigint[], $4::uuid[], $5::int[], $6::timestamptz[], $7::bigint[])
         as wanted (seq, event_id, body_bytes, due, subject_key)
       where event_id >= $8 or exists (select from hub.events_kept where id = event_id)
       returning event_id, seq
     ), noted as (
       insert into hub.redeliveries (event_id, integration_id, seq, replay_id)
       select event_id, $1, seq, $2 from made
     )
     select event_id, seq from made`,
    [
      integrationId,
      replayId,
      seqs,
      events.map((event) => event.eventId),
      events.map((event) => event.bodyBytes),
      events.map((event) => event.due),
      events.map((event) => (event.subjectKey === null ? null : String(event.subjectKey))),
      horizon,
    ],
  )
  const keys = result.rows.map((row) => ({ eventId: row.event_id, integrationId, seq: row.seq }))
  counts.add(integrationId, { queued: keys.length })
  return { keys, woken: keys.length > 0 ? [integrationId] : [], counts }
}

async function takeSeqs(client: Client, count: number): Promise<readonly number[]> {
  const result = await client.query<{ seq: number }>(
    `select nextval('hub.event_seq') as seq from generate_series(1, $1)`,
    [Math.ceil(count / blockSize)],
  )
  const starts = result.rows.map((row) => row.seq)
  return Array.from(
    { length: count },
    (_, index) => (starts[Math.floor(index / blockSize)] ?? 0) + (index % blockSize),
  )
}

/** What a replay put into the queue and nobody has sent since. */
export interface UntriedRow extends RowKey {
  readonly eventId: string
  /** An epoch, or minus the id of a publication; null: it is free. */
  readonly owner: number | null
  /** False: it was a dead letter. */
  readonly isNew: boolean
}

interface UntriedSql {
  integration_id: number
  seq: number
  event_id: string
  owner: number | null
  is_new: boolean
}

const untriedSql = `
    select integration_id, seq, event_id, owner, exists (
       select from hub.redeliveries again
       where again.event_id = q.event_id and again.integration_id = q.integration_id and again.seq = q.seq
         and again.replay_id = q.replay_id
     ) as is_new
     from hub.queue q
     where replay_id = $1 and counted = forgiven`

/** In order of seq. */
export async function listUntried(
  client: Client,
  replayId: number,
  afterSeq: number,
  limit: number,
): Promise<readonly UntriedRow[]> {
  const result = await client.query<UntriedSql>(
    `${untriedSql} and seq > $2 order by integration_id, seq limit $3`,
    [replayId, afterSeq, limit],
  )
  return result.rows.map(toUntried)
}

/** Of these, those that are left. */
export async function readUntried(
  client: Client,
  replayId: number,
  seqs: readonly number[],
): Promise<readonly UntriedRow[]> {
  const result = await client.query<UntriedSql>(`${untriedSql} and seq = any($2::bigint[])`, [replayId, seqs])
  return result.rows.map(toUntried)
}

function toUntried(row: UntriedSql): UntriedRow {
  return {
    integrationId: row.integration_id,
    seq: row.seq,
    eventId: row.event_id,
    owner: row.owner,
    isNew: row.is_new,
  }
}

/** A dead letter that was revived and is to be as it was. */
export interface RevivedRow {
  readonly integrationId: number
  readonly seq: number
  readonly eventId: string
  readonly bodyBytes: number
  readonly attempts: number
  readonly counted: number
  readonly wasTimed: boolean
  readonly state: 'dead' | 'manual'
  readonly diedAt: Date
  readonly errorClass: ErrorClass
  readonly error: string
  readonly httpStatus: number | null
}

interface RevivedSql {
  integration_id: number
  seq: number
  event_id: string
  body_bytes: number
  attempts: number
  counted: number
  was_timed: boolean
  state: 'dead' | 'manual'
  died_at: Date
  error_class: ErrorClass
  error: string
  http_status: number | null
}

/** Takes revived dead letters out of the queue again, with what they died of, unless a node holds them. */
export async function takeRevived(client: Client, keys: readonly RowKey[]): Promise<readonly RevivedRow[]> {
  const result = await client.query<RevivedSql>(
    `with taken as (
       delete from hub.queue q using unnest($1::int[], $2::bigint[]) as wanted (integration_id, seq)
       where q.integration_id = wanted.integration_id and q.seq = wanted.seq and q.owner is null
         and q.counted = q.forgiven
       returning q.*
     )
     select taken.integration_id, taken.seq, taken.event_id, taken.body_bytes, taken.attempts, taken.counted,
       ${isTimed('taken')} as was_timed,
       coalesce(died.ended, 'dead') as state, coalesce(died.at, now()) as died_at,
       coalesce(died.error_class, 'internal') as error_class,
       coalesce(died.error, taken.last_error, 'What it died of is no longer known.') as error, died.http_status
     from taken left join lateral (
       select ended, at, error_class, error, http_status from hub.attempts past
       where past.integration_id = taken.integration_id and past.seq = taken.seq and past.ended in ('dead', 'manual')
       order by at desc limit 1
     ) as died on true`,
    [keys.map((key) => key.integrationId), keys.map((key) => key.seq)],
  )
  return result.rows.map((row) => ({
    integrationId: row.integration_id,
    seq: row.seq,
    eventId: row.event_id,
    bodyBytes: row.body_bytes,
    attempts: row.attempts,
    counted: row.counted,
    wasTimed: row.was_timed,
    state: row.state,
    diedAt: row.died_at,
    errorClass: row.error_class,
    error: row.error,
    httpStatus: row.http_status,
  }))
}
