import type { Integration } from '../core/catalog.ts'
import { groupMessage } from '../core/retry.ts'
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
  /** Those whose policy's clock began earlier. */
  readonly before: Date
  readonly ended: 'dead' | 'manual'
  readonly error: string
}

/** Null: none of them does. */
type EndingOf = (integration: Integration) => Ending | null

export interface ExpiryDeps {
  readonly pool: Pool
  readonly nodeKey: string
  /**
   * As it is now; undefined: nothing ends that waits for it. Asked before each batch, because a pass over a long backlog
   * takes minutes, and a person who changes the policy meanwhile has been told that it holds.
   */
  readonly find: (integrationId: number) => Integration | undefined
}

/** Ends what has waited longer than its integration lets it, as dead letters of class `expired`. */
export function expireWaiting(
  deps: ExpiryDeps,
  integrationIds: readonly number[],
  now: Date,
): Promise<number> {
  return endOlder(deps, integrationIds, now, ({ spec: { expireAfterDays } }) => {
    if (expireAfterDays === undefined) return null
    const before = new Date(now.getTime() - expireAfterDays * dayMs)
    const error = `It waited longer than the ${expireAfterDays} days that this integration allows.`
    return { before, ended: 'dead', error }
  })
}

/**
 * Ends what waits behind an open circuit although the time of its policy is over: no probe may ever come to it, and its
 * receiver must not get it later. `find` finds only those that are down.
 */
export function giveUpWaiting(
  deps: ExpiryDeps,
  integrationIds: readonly number[],
  now: Date,
): Promise<number> {
  return endOlder(deps, integrationIds, now, ({ spec: { retry, onExhausted } }) => {
    const before = new Date(now.getTime() - retry.giveUpAfterMs)
    const error = `Its target was down until the ${retry.giveUpAfterMs} ms of giveUpAfterMs were over.`
    return { before, ended: onExhausted, error }
  })
}

async function endOlder(
  deps: ExpiryDeps,
  integrationIds: readonly number[],
  now: Date,
  endingOf: EndingOf,
): Promise<number> {
  let ended = 0
  for (const id of integrationIds) {
    let afterSeq: number | null = 0
    let young = 0
    while (afterSeq !== null && young < batchesOfYoung) {
      const integration = deps.find(id)
      const ending = integration ? endingOf(integration) : null
      if (ending === null) break
      const { count, nextAfterSeq } = await endBatch(deps, id, ending, afterSeq, now)
      ended += count
      afterSeq = nextAfterSeq
      young = count > 0 ? 0 : young + 1
    }
  }
  return ended
}

async function endBatch(
  { pool, nodeKey }: ExpiryDeps,
  integrationId: number,
  ending: Ending,
  afterSeq: number,
  now: Date,
): Promise<{ readonly count: number; readonly nextAfterSeq: number | null }> {
  return transaction(
    pool,
    async (client) => {
      const { rows, nextAfterSeq } = await takeExpired(
        client,
        integrationId,
        ending.before,
        afterSeq,
        batchRows,
      )
      if (rows.length > 0) await bury(client, nodeKey, integrationId, rows, ending, now)
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
  ending: Ending,
  now: Date,
): Promise<void> {
  await buryDeadLetters(
    client,
    rows.map((row) => toDeadLetter(row, ending, now)),
  )
  const changes = new CounterChanges()
  const woken = await wakeSuccessors(client, rows.flatMap(subjectOf))
  const nowTimed = woken.filter(({ wasFresh }) => wasFresh).length
  const timed = nowTimed - rows.filter((row) => row.wasTimed).length
  changes.add(integrationId, { queued: -rows.length, timed, [ending.ended]: rows.length })
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
  const cause = { errorClass: 'expired', message: groupMessage(error), error, httpStatus: null } as const
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
