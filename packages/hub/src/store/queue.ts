import type { OwnedDelivery } from '../core/delivery.ts'
import type { BurstResult, Statement } from './burst.ts'
import type { PatientQuery } from './client.ts'
import { CopyRows } from './copy.ts'
import type { Client, Pool } from './database.ts'

export interface NewQueueRow {
  readonly delivery: Pick<
    OwnedDelivery,
    'integrationId' | 'seq' | 'eventId' | 'bodyBytes' | 'due' | 'subjectKey' | 'restartedAt'
  >
  readonly owner: number | null
}

const insertSql = `
  copy hub.queue (integration_id, seq, event_id, body_bytes, due, owner, subject_key, restarted_at)
  from stdin (format binary)`

export function insertQueueRows(queueRows: readonly NewQueueRow[]): Statement {
  const rows = new CopyRows(queueRows.length * 84 + 64)
  for (const { delivery: row, owner } of queueRows) {
    rows.row(8)
    rows.int(row.integrationId)
    rows.bigint(row.seq)
    rows.uuid(row.eventId)
    rows.int(row.bodyBytes)
    if (row.due) rows.time(row.due)
    else rows.null()
    if (owner === null) rows.null()
    else rows.bigint(owner)
    if (row.subjectKey === null) rows.null()
    else rows.bigint(row.subjectKey)
    if (row.restartedAt) rows.time(row.restartedAt)
    else rows.null()
  }
  return { sql: insertSql, rows }
}

/**
 * Whether the counter `timed` has a row: it is due at another time than the one its event asks for, with which the
 * policy's clock begins.
 */
export const isTimed = (row: string): string =>
  `(${row}.due is not null and (${row}.attempts > 0 or ${row}.due is distinct from ${row}.restarted_at))`

/** With order, only the earliest unfinished row of a subject may be taken. */
export const isHead = `not exists (
  select from hub.queue earlier
  where earlier.integration_id = candidate.integration_id and earlier.subject_key = candidate.subject_key
    and earlier.seq < candidate.seq)`

export interface RowKey {
  readonly integrationId: number
  readonly seq: number
}

function columns(keys: readonly RowKey[]): [number[], number[]] {
  return [keys.map((key) => key.integrationId), keys.map((key) => key.seq)]
}

/** Of rows just inserted free, takes those that are the earliest unfinished of their subject. */
export async function takeHeads(
  client: Client,
  keys: readonly RowKey[],
  epoch: number,
): Promise<readonly RowKey[]> {
  if (keys.length === 0) return []
  const result = await client.query<{ integration_id: number; seq: number }>(
    `update hub.queue candidate set owner = $3
     from unnest($1::int[], $2::bigint[]) as wanted (integration_id, seq)
     where candidate.integration_id = wanted.integration_id and candidate.seq = wanted.seq and ${isHead}
     returning candidate.integration_id, candidate.seq`,
    [...columns(keys), epoch],
  )
  return result.rows.map((row) => ({ integrationId: row.integration_id, seq: row.seq }))
}

/** Gives rows back: whoever has room claims them. */
export async function freeRows(
  client: Client | Pool,
  integrationId: number,
  seqs: readonly number[],
  epoch: number,
): Promise<void> {
  if (seqs.length === 0) return
  await client.query(
    'update hub.queue set owner = null where integration_id = $1 and seq = any($2::bigint[]) and owner = $3',
    [integrationId, `{${seqs.join()}}`, epoch],
  )
}

/** Ten million rows take a second from memory, and from a slow disk longer than an answer is waited for otherwise. */
const readAllWithinMs = 600_000

/** Reads the whole queue: an index of owners would cost every delivery a write, and this happens once in a node's life. */
export async function freeEpochs(client: Client, epochs: readonly number[]): Promise<number> {
  const query: PatientQuery = {
    text: 'update hub.queue set owner = null where owner = any($1::bigint[])',
    values: [epochs],
    answerWithinMs: readAllWithinMs,
  }
  const result = await client.query(query)
  return result.rowCount ?? 0
}

export interface EndedRow extends RowKey {
  readonly epoch: number
  readonly wasTimed: boolean
}

/** Deletes the rows that are still this epoch's, and says which those were: see `readEnded`. */
export function endRows(keys: readonly RowKey[], epoch: number): Statement {
  // Not a join with the keys: while statistics say that the table is empty, it would read all of it for every flush
  // (300 rows took 3 ms instead of 0.25).
  const ending = [...Map.groupBy(keys, (key) => key.integrationId)].map(
    ([integrationId, rows]) =>
      `integration_id = ${integrationId} and seq = any('{${rows.map(({ seq }) => seq).join()}}')`,
  )
  // One row for an integration: a row for each delivery costs more to read here than to delete there.
  return {
    sql: `
      with ended as (
        delete from hub.queue q where (${ending.join(' or ')}) and owner = ${Math.trunc(epoch)}
        returning integration_id, seq, ${isTimed('q')} as is_timed
      )
      select integration_id, ${Math.trunc(epoch)}::bigint as epoch, string_agg(seq::text, ',') as ended_seqs,
        string_agg(seq::text, ',') filter (where is_timed) as timed_seqs
      from ended group by integration_id`,
  }
}

export function readEnded(found: readonly BurstResult[]): readonly EndedRow[] {
  const rows = found.flatMap((result) => result.rows).filter((row) => 'ended_seqs' in row)
  return (rows as unknown as RawEnded[]).flatMap((row) => {
    const timed = new Set(splitSeqs(row.timed_seqs ?? ''))
    return splitSeqs(row.ended_seqs).map((seq) => ({
      integrationId: row.integration_id,
      seq,
      epoch: row.epoch,
      wasTimed: timed.has(seq),
    }))
  })
}

interface RawEnded {
  readonly integration_id: number
  readonly epoch: number
  readonly ended_seqs: string
  readonly timed_seqs: string | null
}

function splitSeqs(text: string): readonly number[] {
  return text === '' ? [] : text.split(',').map(Number)
}

export interface Reschedule extends RowKey {
  /** Counted from now, because the clock of the store is not this node's. */
  readonly dueInMs: number
  readonly attempts: number
  readonly counted: number
  readonly error: string | null
}

/** Sets when rows that are still this node's are due again, and frees them. */
export async function rescheduleRows(
  client: Client,
  rows: readonly Reschedule[],
  epoch: number,
): Promise<readonly EndedRow[]> {
  if (rows.length === 0) return []
  const result = await client.query<RawRescheduled>({
    name: 'reschedule-rows',
    text: `
      with next as (
        select * from unnest($1::int[], $2::bigint[], $4::float8[], $5::int[], $6::int[], $7::text[])
          as next (integration_id, seq, due_in_ms, attempts, counted, error)
      ), before as materialized (
        select q.integration_id, q.seq, q.owner as epoch, ${isTimed('q')} as was_timed
        from next join hub.queue q using (integration_id, seq)
        where q.owner = $3
        for update of q
      )
      update hub.queue q
      set owner = null, due = clock_timestamp() + greatest(0, next.due_in_ms) * interval '1 millisecond', attempts = next.attempts, counted = next.counted, last_error = next.error
      from next join before using (integration_id, seq)
      where q.integration_id = next.integration_id and q.seq = next.seq
      returning q.integration_id, q.seq, before.epoch, before.was_timed`,
    values: [
      ...columns(rows),
      epoch,
      rows.map((row) => row.dueInMs),
      rows.map((row) => row.attempts),
      rows.map((row) => row.counted),
      rows.map((row) => row.error),
    ],
  })
  return result.rows.map(toEnded)
}

interface RawRescheduled {
  readonly integration_id: number
  readonly seq: number
  readonly epoch: number
  readonly was_timed: boolean
}

function toEnded(row: RawRescheduled): EndedRow {
  return { integrationId: row.integration_id, seq: row.seq, epoch: row.epoch, wasTimed: row.was_timed }
}

export interface Subject {
  readonly integrationId: number
  readonly subjectKey: bigint
}

export interface Successor extends Subject {
  /** Whether it had no due time before. */
  readonly wasFresh: boolean
}

/**
 * After the heads of some subjects ended: makes the next row of each due now, because a claim's mark may be past it.
 * Returns those that can be claimed now.
 */
export async function wakeSuccessors(
  client: Client,
  subjects: readonly Subject[],
): Promise<readonly Successor[]> {
  if (subjects.length === 0) return []
  const result = await client.query<{ integration_id: number; subject_key: string; was_fresh: boolean }>(
    `with heads as materialized (
       select head.* from unnest($1::int[], $2::bigint[]) as ended (integration_id, subject_key)
       cross join lateral (
         select integration_id, subject_key, seq, due, owner from hub.queue next
         where next.integration_id = ended.integration_id and next.subject_key = ended.subject_key
         order by seq limit 1
       ) as head
       where head.owner is null and (head.due is null or head.due <= now())
     ), woken as (
       update hub.queue q set due = now() from heads
       where heads.due is null and q.integration_id = heads.integration_id and q.seq = heads.seq
         and q.owner is null and q.due is null
       returning q.integration_id, q.subject_key
     )
     select integration_id, subject_key::text, true as was_fresh from woken
     union all
     select integration_id, subject_key::text, false from heads where due is not null`,
    [subjects.map((subject) => subject.integrationId), subjects.map((subject) => String(subject.subjectKey))],
  )
  return result.rows.map((row) => ({
    integrationId: row.integration_id,
    subjectKey: BigInt(row.subject_key),
    wasFresh: row.was_fresh,
  }))
}
