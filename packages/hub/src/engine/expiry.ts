import type { Integration } from '../core/catalog.ts'
import { appendAttempts, type AttemptRow } from '../store/attempts.ts'
import { sendBurst } from '../store/burst.ts'
import { addCounters, CounterChanges } from '../store/counters.ts'
import { beginByIndex, transaction, type Client, type Pool } from '../store/database.ts'
import { buryDeadLetters, type NewDeadLetter } from '../store/dead-letters.ts'
import { wakeSuccessors } from '../store/queue.ts'
import { takeExpired, type ExpiredRow } from '../store/expiry.ts'

const dayMs = 86_400_000
const batchRows = 500
/** Those whose time came later than their event, such as what a person retried, may stand before others in so many batches. */
const batchesOfYoung = 20

/** Ends what has waited longer than its integration lets it, as dead letters of class `expired`. */
export async function expireWaiting(
  pool: Pool,
  nodeKey: string,
  integrations: readonly Integration[],
  now: Date,
): Promise<number> {
  let expired = 0
  for (const { id, spec } of integrations) {
    if (spec.expireAfterDays === undefined) continue
    const before = new Date(now.getTime() - spec.expireAfterDays * dayMs)
    const error = `It waited longer than the ${spec.expireAfterDays} days that this integration allows.`
    let afterSeq: number | null = 0
    let young = 0
    while (afterSeq !== null && young < batchesOfYoung) {
      const { count, nextAfterSeq } = await expireBatch(pool, nodeKey, id, { before, afterSeq }, now, error)
      expired += count
      afterSeq = nextAfterSeq
      young = count > 0 ? 0 : young + 1
    }
  }
  return expired
}

async function expireBatch(
  pool: Pool,
  nodeKey: string,
  integrationId: number,
  { before, afterSeq }: { readonly before: Date; readonly afterSeq: number },
  now: Date,
  error: string,
): Promise<{ readonly count: number; readonly nextAfterSeq: number | null }> {
  return transaction(
    pool,
    async (client) => {
      const { rows, nextAfterSeq } = await takeExpired(client, integrationId, before, afterSeq, batchRows)
      if (rows.length > 0) await bury(client, nodeKey, integrationId, rows, now, error)
      return { count: rows.length, nextAfterSeq }
    },
    beginByIndex,
  )
}

async function bury(
  client: Client,
  nodeKey: string,
  integrationId: number,
  rows: readonly ExpiredRow[],
  now: Date,
  error: string,
): Promise<void> {
  await buryDeadLetters(
    client,
    rows.map((row) => toDeadLetter(row, now, error)),
  )
  const changes = new CounterChanges()
  const woken = await wakeSuccessors(client, rows.flatMap(subjectOf))
  const nowTimed = woken.filter(({ wasFresh }) => wasFresh).length
  const timed = nowTimed - rows.filter((row) => row.wasTimed).length
  changes.add(integrationId, { queued: -rows.length, timed, dead: rows.length })
  const attempts = appendAttempts(rows.map((row) => toAttempt(row, now, error)))
  await sendBurst(client, [attempts, ...addCounters(nodeKey, 'person', changes)])
}

function subjectOf({
  integrationId,
  subjectKey,
}: ExpiredRow): { integrationId: number; subjectKey: bigint }[] {
  return subjectKey === null ? [] : [{ integrationId, subjectKey }]
}

function toDeadLetter(row: ExpiredRow, now: Date, error: string): NewDeadLetter {
  const { integrationId, seq, eventId, bodyBytes, attempts, counted, replayId } = row
  const key = { integrationId, seq, eventId, bodyBytes }
  const cause = { errorClass: 'expired', message: error, error, httpStatus: null } as const
  return { ...key, state: 'dead', diedAt: now, attempts, counted, ...cause, replayId }
}

function toAttempt(
  { integrationId, seq, eventId, replayId }: ExpiredRow,
  now: Date,
  error: string,
): AttemptRow {
  return {
    at: now,
    integrationId,
    seq,
    eventId,
    n: 0,
    startedAt: now,
    durationMs: 0,
    outcome: 'expired',
    ended: 'dead',
    counted: false,
    httpStatus: null,
    errorClass: 'expired',
    error,
    responseBody: null,
    replayId,
  }
}
