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

/** Which of the waiting deliveries of an integration end, and how. */
interface Ending {
  readonly integrationId: number
  /** Those whose policy's clock began earlier. */
  readonly before: Date
  readonly ended: 'dead' | 'manual'
  readonly error: string
}

/** Ends what has waited longer than its integration lets it, as dead letters of class `expired`. */
export function expireWaiting(
  pool: Pool,
  nodeKey: string,
  integrations: readonly Integration[],
  now: Date,
): Promise<number> {
  const endings = integrations.flatMap(({ id, spec: { expireAfterDays } }): readonly Ending[] => {
    if (expireAfterDays === undefined) return []
    const before = new Date(now.getTime() - expireAfterDays * dayMs)
    const error = `It waited longer than the ${expireAfterDays} days that this integration allows.`
    return [{ integrationId: id, before, ended: 'dead', error }]
  })
  return endOlder(pool, nodeKey, endings, now)
}

/**
 * Ends what waits behind an open circuit although the time of its policy is over: no probe may ever come to it, and its
 * receiver must not get it later.
 */
export function giveUpWaiting(
  pool: Pool,
  nodeKey: string,
  down: readonly Integration[],
  now: Date,
): Promise<number> {
  const endings = down.map(({ id, spec: { retry, onExhausted } }): Ending => {
    const before = new Date(now.getTime() - retry.giveUpAfterMs)
    const error = `Its target was down until the ${retry.giveUpAfterMs} ms of giveUpAfterMs were over.`
    return { integrationId: id, before, ended: onExhausted, error }
  })
  return endOlder(pool, nodeKey, endings, now)
}

async function endOlder(pool: Pool, nodeKey: string, endings: readonly Ending[], now: Date): Promise<number> {
  let ended = 0
  for (const ending of endings) {
    let afterSeq: number | null = 0
    let young = 0
    while (afterSeq !== null && young < batchesOfYoung) {
      const { count, nextAfterSeq } = await endBatch(pool, nodeKey, ending, afterSeq, now)
      ended += count
      afterSeq = nextAfterSeq
      young = count > 0 ? 0 : young + 1
    }
  }
  return ended
}

async function endBatch(
  pool: Pool,
  nodeKey: string,
  ending: Ending,
  afterSeq: number,
  now: Date,
): Promise<{ readonly count: number; readonly nextAfterSeq: number | null }> {
  const { integrationId, before } = ending
  return transaction(
    pool,
    async (client) => {
      const { rows, nextAfterSeq } = await takeExpired(client, integrationId, before, afterSeq, batchRows)
      if (rows.length > 0) await bury(client, nodeKey, rows, ending, now)
      return { count: rows.length, nextAfterSeq }
    },
    beginByIndex,
  )
}

async function bury(
  client: Client,
  nodeKey: string,
  rows: readonly ExpiredRow[],
  ending: Ending,
  now: Date,
): Promise<void> {
  const { integrationId, ended } = ending
  await buryDeadLetters(
    client,
    rows.map((row) => toDeadLetter(row, ending, now)),
  )
  const changes = new CounterChanges()
  const woken = await wakeSuccessors(client, rows.flatMap(subjectOf))
  const nowTimed = woken.filter(({ wasFresh }) => wasFresh).length
  const timed = nowTimed - rows.filter((row) => row.wasTimed).length
  changes.add(integrationId, { queued: -rows.length, timed, [ended]: rows.length })
  const attempts = appendAttempts(rows.map((row) => toAttempt(row, ending, now)))
  await sendBurst(client, [attempts, ...addCounters(nodeKey, 'person', changes)])
}

function subjectOf({
  integrationId,
  subjectKey,
}: ExpiredRow): { integrationId: number; subjectKey: bigint }[] {
  return subjectKey === null ? [] : [{ integrationId, subjectKey }]
}

function toDeadLetter(row: ExpiredRow, { ended, error }: Ending, now: Date): NewDeadLetter {
  const { integrationId, seq, eventId, bodyBytes, attempts, counted, replayId } = row
  const key = { integrationId, seq, eventId, bodyBytes }
  const cause = { errorClass: 'expired', message: error, error, httpStatus: null } as const
  return { ...key, state: ended, diedAt: now, attempts, counted, ...cause, replayId }
}

function toAttempt(
  { integrationId, seq, eventId, replayId }: ExpiredRow,
  { ended, error }: Ending,
  now: Date,
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
    ended,
    counted: false,
    httpStatus: null,
    errorClass: 'expired',
    error,
    responseBody: null,
    replayId,
  }
}
