import type { OwnedDelivery } from '../core/delivery.ts'
import type { Client } from './database.ts'
import { isHead } from './queue.ts'

/** What `claimedSql` selects, in its order: at thousands a second an object by names costs twice as much. */
export type ClaimedRow = [
  seq: number,
  eventId: string,
  bodyBytes: number,
  due: Date | null,
  attempts: number,
  counted: number,
  forgiven: number,
  subjectKey: string | null,
  restartedAt: Date | null,
  replayId: number | null,
]

/** Of a row of the queue that is `q`. */
export const claimedSql = `q.seq, q.event_id, q.body_bytes, q.due, q.attempts, q.counted, q.forgiven, q.subject_key::text,
      q.restarted_at, q.replay_id`

// Not a join with the candidates: its plan, if it was made for good while the queue was empty, reads all that waits.
const claimSql = (candidates: string): string => `
  with candidates as materialized (${candidates} for update skip locked),
  claimed as (
    update hub.queue q set owner = $2
    where q.integration_id = $1 and q.seq = any(array(select seq from candidates)) and q.owner is null
    returning ${claimedSql}
  )
  select * from claimed order by due, seq`

const isFresh = 'integration_id = $1 and owner is null and due is null'
const isDue = 'integration_id = $1 and owner is null and due >= $3 and due <= now()'

const freshSql = {
  none: claimSql(`select seq from hub.queue where ${isFresh} and seq > $3 order by seq limit $4`),
  subject: claimSql(`
    select seq from hub.queue candidate
    where ${isFresh} and seq > $3 and seq <= $5 and ${isHead} order by seq limit $4`),
}

const timedSql = {
  none: claimSql(`select seq from hub.queue where ${isDue} order by due limit $4`),
  subject: claimSql(`select seq from hub.queue candidate where ${isDue} and ${isHead} order by due limit $4`),
}

export interface ClaimRequest<Mark> {
  readonly integrationId: number
  readonly ordering: 'none' | 'subject'
  /** An epoch, or minus the id of a publication. */
  readonly owner: number
  /** Where the last claim stopped: dead index entries before it are not walked again. */
  readonly mark: Mark
  readonly limit: number
}

export interface FreshRows {
  readonly rows: readonly OwnedDelivery[]
  /** Where the next claim goes on. */
  readonly mark: number
  /** Whether nothing fresh that may be claimed lies behind the mark. */
  readonly isLast: boolean
}

/** Takes what was never tried, in order of acceptance. */
export async function claimFreshRows(client: Client, request: ClaimRequest<number>): Promise<FreshRows> {
  const { ordering, limit } = request
  const stretch = ordering === 'subject' ? await findStretch(client, request) : null
  const rows = await claim(client, `claim-fresh-${ordering}`, freshSql[ordering], request, stretch?.lastSeq)
  const lastSeq = rows.at(-1)?.seq ?? request.mark
  if (rows.length === limit || !stretch) return { rows, mark: lastSeq, isLast: rows.length < limit }
  return { rows, mark: Math.max(lastSeq, stretch.lastSeq), isLast: stretch.isWhole }
}

/** Takes what had to wait and is due, the oldest due first. */
export async function claimTimedRows(
  client: Client,
  request: ClaimRequest<Date>,
): Promise<readonly OwnedDelivery[]> {
  const { ordering } = request
  return claim(client, `claim-timed-${ordering}`, timedSql[ordering], request)
}

async function claim(
  client: Client,
  name: string,
  text: string,
  { integrationId, owner, mark, limit }: ClaimRequest<number | Date>,
  lastSeq?: number,
): Promise<readonly OwnedDelivery[]> {
  const values = [integrationId, owner, mark, limit, ...(lastSeq === undefined ? [] : [lastSeq])]
  const result = await client.query<ClaimedRow>({ name, text, values, rowMode: 'array' })
  return result.rows.map((row) => toOwned(integrationId, row))
}

export function toOwned(integrationId: number, row: ClaimedRow): OwnedDelivery {
  const [seq, eventId, bodyBytes, due, attempts, counted, forgiven, subjectKey, restartedAt, replayId] = row
  return {
    integrationId,
    seq,
    eventId,
    bodyBytes,
    due,
    attempts,
    counted,
    forgiven,
    subjectKey: subjectKey === null ? null : BigInt(subjectKey),
    restartedAt,
    replayId,
  }
}

/** Whether a row is the head of its subject takes 7 µs to find out, so a claim asks of so many at most. */
const stretchRows = 2_000

/**
 * The next rows that a claim with order looks at. The mark passes those that stand behind the head of their subject,
 * or each claim would look at a long row that waits for one subject again: they are made due when they may go.
 */
async function findStretch(
  client: Client,
  { integrationId, mark }: ClaimRequest<number>,
): Promise<{ readonly lastSeq: number; readonly isWhole: boolean }> {
  const result = await client.query<{ last_seq: number | null; is_whole: boolean }>({
    name: 'find-stretch',
    text: `
      select max(seq) as last_seq, count(*) < ${stretchRows} as is_whole
      from (select seq from hub.queue where ${isFresh} and seq > $2 order by seq limit ${stretchRows}) as stretch`,
    values: [integrationId, mark],
  })
  const [row] = result.rows
  return { lastSeq: row?.last_seq ?? mark, isWhole: row?.is_whole ?? true }
}
