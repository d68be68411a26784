import type { OwnedDelivery } from '../core/delivery.ts'
import type { BurstResult, Statement } from './burst.ts'
import { CopyRows } from './copy.ts'
import type { Client, Pool } from './database.ts'

export interface NewQueueRow {
  readonly integrationId: number
  readonly seq: number
  readonly eventId: string
  readonly bodyBytes: number
  readonly due: Date | null
  readonly owner: number | null
  readonly subjectKey: bigint | null
}

const insertSql = `
  copy hub.queue (integration_id, seq, event_id, body_bytes, due, owner, subject_key)
  from stdin (format binary)`

export function insertQueueRows(queueRows: readonly NewQueueRow[]): Statement {
  const rows = new CopyRows(queueRows.length * 72 + 64)
  for (const row of queueRows) {
    rows.row(7)
    rows.int(row.integrationId)
    rows.bigint(row.seq)
    rows.uuid(row.eventId)
    rows.int(row.bodyBytes)
    if (row.due) rows.time(row.due)
    else rows.null()
    if (row.owner === null) rows.null()
    else rows.bigint(row.owner)
    if (row.subjectKey === null) rows.null()
    else rows.bigint(row.subjectKey)
  }
  return { sql: insertSql, rows }
}

interface RawClaimedRow {
  seq: number
  event_id: string
  body_bytes: number
  due: Date | null
  attempts: number
  counted: number
  forgiven: number
  subject_key: string | null
  restarted_at: Date | null
  replay_id: number | null
}

const claimedColumns = `q.seq, q.event_id, q.body_bytes, q.due, q.attempts, q.counted, q.forgiven,
  q.subject_key::text, q.restarted_at, q.replay_id`

/** With order, only the earliest unfinished row of a subject may be taken. */
const isHead = `not exists (
  select from hub.queue earlier
  where earlier.integration_id = candidate.integration_id and earlier.subject_key = candidate.subject_key
    and earlier.seq < candidate.seq)`

function claimSql(candidates: string): string {
  return `
    with candidates as materialized (${candidates}),
    claimed as (
      update hub.queue q set owner = $2 from candidates c
      where q.integration_id = $1 and q.seq = c.seq and q.owner is null
      returning ${claimedColumns}
    )
    select * from claimed order by seq`
}

const claimFresh = (ordered: boolean): string =>
  claimSql(`
    select seq from hub.queue candidate
    where integration_id = $1 and seq > $3 and owner is null and due is null ${ordered ? `and ${isHead}` : ''}
    order by seq limit $4
    for update skip locked`)

const claimTimed = (ordered: boolean): string =>
  claimSql(`
    select seq from hub.queue candidate
    where integration_id = $1 and due >= $3 and due <= now() and owner is null ${ordered ? `and ${isHead}` : ''}
    order by due limit $4
    for update skip locked`)

const claimStatements = {
  'fresh-none': claimFresh(false),
  'fresh-subject': claimFresh(true),
  'timed-none': claimTimed(false),
  'timed-subject': claimTimed(true),
} as const

export interface ClaimRequest {
  readonly kind: 'fresh' | 'timed'
  readonly ordering: 'none' | 'subject'
  readonly integrationId: number
  readonly epoch: number
  /** Where the last claim stopped: dead index entries before it are not walked again. */
  readonly mark: number | Date
  readonly limit: number
}

export async function claimRows(client: Client, request: ClaimRequest): Promise<readonly OwnedDelivery[]> {
  const { kind, ordering, integrationId, epoch, mark, limit } = request
  const result = await client.query<RawClaimedRow>({
    name: `claim-${kind}-${ordering}`,
    text: claimStatements[`${kind}-${ordering}`],
    values: [integrationId, epoch, mark, limit],
  })
  return result.rows.map((row) => ({
    integrationId,
    seq: row.seq,
    eventId: row.event_id,
    bodyBytes: row.body_bytes,
    due: row.due,
    attempts: row.attempts,
    counted: row.counted,
    forgiven: row.forgiven,
    subjectKey: row.subject_key === null ? null : BigInt(row.subject_key),
    restartedAt: row.restarted_at,
    replayId: row.replay_id,
  }))
}

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
export async function freeRows(client: Client | Pool, keys: readonly RowKey[], epoch: number): Promise<void> {
  if (keys.length === 0) return
  await client.query(
    `update hub.queue q set owner = null
     from unnest($1::int[], $2::bigint[]) as mine (integration_id, seq)
     where q.integration_id = mine.integration_id and q.seq = mine.seq and q.owner = $3`,
    [...columns(keys), epoch],
  )
}

export async function freeEpochs(client: Client, epochs: readonly number[]): Promise<number> {
  const result = await client.query('update hub.queue set owner = null where owner = any($1::bigint[])', [
    epochs,
  ])
  return result.rowCount ?? 0
}

export interface EndedRow extends RowKey {
  readonly wasTimed: boolean
}

/** Deletes the rows that are still this epoch's, and says which those were: see `readEnded`. */
export function endRows(keys: readonly RowKey[], epoch: number): Statement {
  const [integrationIds, seqs] = columns(keys)
  return {
    sql: `
      delete from hub.queue q
      using unnest('{${integrationIds.join()}}'::int[], '{${seqs.join()}}'::bigint[]) as ended (integration_id, seq)
      where q.integration_id = ended.integration_id and q.seq = ended.seq and q.owner = ${Math.trunc(epoch)}
      returning q.integration_id, q.seq, q.due is not null as was_timed`,
  }
}

export function readEnded(found: readonly BurstResult[]): readonly EndedRow[] {
  const rows = found.flatMap((result) => result.rows) as unknown as RawEndedRow[]
  return rows.map(toEnded)
}

interface RawEndedRow {
  readonly integration_id: number
  readonly seq: number
  readonly was_timed: boolean
}

function toEnded(row: RawEndedRow): EndedRow {
  return { integrationId: row.integration_id, seq: row.seq, wasTimed: row.was_timed }
}

export interface Reschedule extends RowKey {
  readonly due: Date
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
  const result = await client.query<RawEndedRow>({
    name: 'reschedule-rows',
    text: `
      with next as (
        select * from unnest($1::int[], $2::bigint[], $4::timestamptz[], $5::int[], $6::int[], $7::text[])
          as next (integration_id, seq, due, attempts, counted, error)
      ), before as materialized (
        select q.integration_id, q.seq, q.due is not null as was_timed
        from next join hub.queue q using (integration_id, seq)
        where q.owner = $3
        for update of q
      )
      update hub.queue q
      set owner = null, due = next.due, attempts = next.attempts, counted = next.counted, last_error = next.error
      from next join before using (integration_id, seq)
      where q.integration_id = next.integration_id and q.seq = next.seq
      returning q.integration_id, q.seq, before.was_timed`,
    values: [
      ...columns(rows),
      epoch,
      rows.map((row) => row.due),
      rows.map((row) => row.attempts),
      rows.map((row) => row.counted),
      rows.map((row) => row.error),
    ],
  })
  return result.rows.map(toEnded)
}

/**
 * After the heads of some subjects ended: makes the next row of each due now, because a claim's mark may be past it.
 */
export async function wakeSuccessors(
  client: Client,
  subjects: readonly { readonly integrationId: number; readonly subjectKey: bigint }[],
): Promise<readonly number[]> {
  if (subjects.length === 0) return []
  const result = await client.query<{ integration_id: number }>(
    `update hub.queue q set due = now()
     from unnest($1::int[], $2::bigint[]) as ended (integration_id, subject_key)
     cross join lateral (
       select seq from hub.queue next
       where next.integration_id = ended.integration_id and next.subject_key = ended.subject_key
       order by seq limit 1
     ) as head
     where q.integration_id = ended.integration_id and q.seq = head.seq and q.owner is null and q.due is null
     returning q.integration_id`,
    [subjects.map((subject) => subject.integrationId), subjects.map((subject) => String(subject.subjectKey))],
  )
  return result.rows.map((row) => row.integration_id)
}

export async function findNextDue(pool: Pool, integrationId: number, mark: Date): Promise<Date | null> {
  const result = await pool.query<{ due: Date }>({
    name: 'find-next-due',
    text: `select due from hub.queue where integration_id = $1 and due >= $2 and owner is null order by due limit 1`,
    values: [integrationId, mark],
  })
  return result.rows[0]?.due ?? null
}

export interface LaneLook {
  readonly integrationId: number
  readonly hasFresh: boolean
  readonly nextDue: Date | null
}

/** What waits free for each integration: anything fresh past its mark, and when the next timed row is due. */
export async function lookAtLanes(
  client: Client,
  lanes: readonly { readonly integrationId: number; readonly mark: number }[],
): Promise<readonly LaneLook[]> {
  const result = await client.query<{ integration_id: number; has_fresh: boolean; next_due: Date | null }>({
    name: 'look-at-lanes',
    text: `
      select lane.integration_id,
        exists (
          select from hub.queue where integration_id = lane.integration_id and seq > lane.mark
            and owner is null and due is null
        ) as has_fresh,
        (select due from hub.queue where integration_id = lane.integration_id and due is not null
           and owner is null order by due limit 1) as next_due
      from unnest($1::int[], $2::bigint[]) as lane (integration_id, mark)`,
    values: [lanes.map((lane) => lane.integrationId), lanes.map((lane) => lane.mark)],
  })
  return result.rows.map((row) => ({
    integrationId: row.integration_id,
    hasFresh: row.has_fresh,
    nextDue: row.next_due,
  }))
}
