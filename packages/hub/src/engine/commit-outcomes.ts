import type { Outcome } from '../core/outcome.ts'
import { deadClass, groupMessage, type Verdict } from '../core/retry.ts'
import { appendAttempts, type AttemptRow } from '../store/attempts.ts'
import type { Flush, Statement } from '../store/burst.ts'
import { addCounters, addToCounters, CounterChanges } from '../store/counters.ts'
import type { Client } from '../store/database.ts'
import { buryDeadLetters, type NewDeadLetter } from '../store/dead-letters.ts'
import { epochGuard } from '../store/nodes.ts'
import { endRows, rescheduleRows, wakeSuccessors } from '../store/queue.ts'
import type { EndedRow, Subject, Successor } from '../store/queue.ts'
import type { Work } from './window.ts'

/** An attempt that is over, and what follows from it. */
export interface Finished {
  /** Its name, for those who watch. */
  readonly integration: string
  readonly work: Work
  readonly outcome: Outcome
  readonly verdict: Verdict
  /** By the clock that nobody puts forward or back. */
  readonly endedMs: number
}

export interface Settled extends Finished {
  /** False: the row was no longer this node's, so nothing followed from the attempt. */
  readonly mine: boolean
}

export interface Committed {
  readonly settled: readonly Settled[]
  /** What may go now because what stood before it in its subject ended. */
  readonly woken: readonly Successor[]
  /** Subjects in which something ended and nothing that follows was seen. */
  readonly quiet: readonly Subject[]
}

/** What an outcome transaction begins with: the rows that end, if they are still ours. */
export function endings(batch: readonly Finished[]): readonly Statement[] {
  return [...byEpoch(batch)].flatMap(([epoch, finished]) => {
    const ending = finished.filter(({ verdict }) => verdict.next === 'end').map(({ work }) => work.delivery)
    return [...epochGuard(epoch), ...(ending.length > 0 ? [endRows(ending, epoch)] : [])]
  })
}

/** The rest of it: rows that wait again, dead letters, and the attempts, which are kept whosever the rows are. */
export async function commitOutcomes(
  client: Client,
  ended: readonly EndedRow[],
  batch: readonly Finished[],
  nodeKey: string,
): Promise<Flush<Committed>> {
  const mine = new OwnRows()
  for (const row of ended) mine.add(row)
  for (const [epoch, finished] of byEpoch(batch)) {
    const waiting = finished.flatMap(toReschedule)
    for (const row of await rescheduleRows(client, waiting, epoch)) mine.add(row)
  }
  const settled = batch.map((finished) => toSettled(finished, mine.of(finished) !== undefined))
  const at = new Date()
  await buryDeadLetters(
    client,
    settled.flatMap((item) => toDeadLetter(item, at)),
  )
  const subjects = settled.flatMap(endedSubject)
  const woken = await wakeSuccessors(client, subjects)
  const attempts = appendAttempts(settled.map((item) => toAttempt(item, at)))
  const counters = addCounters(nodeKey, 'outcome', count(settled, mine, woken))
  const seen = new Set(woken.map(subjectName))
  const quiet = subjects.filter((subject) => !seen.has(subjectName(subject)))
  return { value: { settled, woken, quiet }, last: [attempts, ...counters] }
}

/**
 * Wakes what was being committed while the head of its subject ended: neither transaction saw the other, so this must
 * begin after the end is on disk.
 */
export async function wakeUnseen(
  client: Client,
  subjects: readonly Subject[],
  nodeKey: string,
): Promise<readonly Successor[]> {
  const woken = await wakeSuccessors(client, subjects)
  const changes = new CounterChanges()
  countWoken(changes, woken)
  await addToCounters(client, nodeKey, 'outcome', changes)
  return woken
}

function subjectName({ integrationId, subjectKey }: Subject): string {
  return `${integrationId}.${subjectKey}`
}

function byEpoch(batch: readonly Finished[]): Map<number, Finished[]> {
  return Map.groupBy(batch, ({ work }) => work.epoch)
}

/**
 * The rows that were still ours, found by number: a text for each cost as much as writing its attempt down. With the
 * epoch, as an attempt that a lost lease outlived may be in one batch with the next of the same delivery.
 */
class OwnRows {
  readonly #bySeq = new Map<number, EndedRow[]>()

  add(row: EndedRow): void {
    const sameEvent = this.#bySeq.get(row.seq)
    if (sameEvent) sameEvent.push(row)
    else this.#bySeq.set(row.seq, [row])
  }

  of({ work: { epoch, delivery } }: Finished): EndedRow | undefined {
    const sameEvent = this.#bySeq.get(delivery.seq)
    return sameEvent?.find((row) => row.integrationId === delivery.integrationId && row.epoch === epoch)
  }
}

function toSettled({ integration, work, outcome, verdict, endedMs }: Finished, mine: boolean): Settled {
  return { integration, work, outcome, verdict, endedMs, mine }
}

/** Of a time that began with the end of the attempt. */
export function leftMs({ endedMs }: Finished, inMs: number): number {
  return endedMs + inMs - performance.now()
}

function toReschedule(finished: Finished): Parameters<typeof rescheduleRows>[1] {
  const { work, outcome, verdict } = finished
  if (verdict.next !== 'retry') return []
  const { delivery } = work
  return [
    {
      integrationId: delivery.integrationId,
      seq: delivery.seq,
      dueInMs: leftMs(finished, verdict.inMs),
      attempts: delivery.attempts + 1,
      counted: delivery.counted + (verdict.counts ? 1 : 0),
      error: outcome.error,
    },
  ]
}

function toDeadLetter({ work, outcome, verdict, mine }: Settled, at: Date): readonly NewDeadLetter[] {
  if (!mine || verdict.next !== 'end' || verdict.ended === 'delivered') return []
  const { delivery } = work
  const error = outcome.error ?? 'It failed without saying why.'
  return [
    {
      integrationId: delivery.integrationId,
      seq: delivery.seq,
      eventId: delivery.eventId,
      bodyBytes: delivery.bodyBytes,
      state: verdict.ended,
      diedAt: at,
      attempts: delivery.attempts + 1,
      counted: delivery.counted + (verdict.counts ? 1 : 0),
      errorClass: deadClass(outcome),
      message: groupMessage(error),
      error,
      httpStatus: outcome.httpStatus,
      replayId: delivery.replayId,
    },
  ]
}

function toAttempt({ work, outcome, verdict, mine }: Settled, at: Date): AttemptRow {
  const { delivery } = work
  return {
    at,
    integrationId: delivery.integrationId,
    seq: delivery.seq,
    eventId: delivery.eventId,
    n: delivery.attempts + 1,
    startedAt: outcome.startedAt,
    durationMs: outcome.durationMs,
    outcome: outcome.result,
    ended: mine && verdict.next === 'end' ? verdict.ended : null,
    counted: mine && verdict.counts,
    httpStatus: outcome.httpStatus,
    errorClass: outcome.errorClass,
    error: outcome.error,
    responseBody: outcome.responseBody,
    replayId: delivery.replayId,
  }
}

function endedSubject({ work, verdict, mine }: Settled): Subject[] {
  const { integrationId, subjectKey } = work.delivery
  return mine && verdict.next === 'end' && subjectKey !== null ? [{ integrationId, subjectKey }] : []
}

function count(settled: readonly Settled[], mine: OwnRows, woken: readonly Successor[]): CounterChanges {
  const changes = new CounterChanges()
  for (const finished of settled) {
    const { work, outcome, verdict } = finished
    const { integrationId } = work.delivery
    const failed = outcome.result !== 'delivered' && outcome.result !== 'aborted'
    changes.add(integrationId, { attempts: 1, failures: failed ? 1 : 0 })
    const row = mine.of(finished)
    if (!row) continue
    if (verdict.next === 'end') {
      changes.add(integrationId, { queued: -1, timed: row.wasTimed ? -1 : 0, [verdict.ended]: 1 })
    } else if (!row.wasTimed) changes.add(integrationId, { timed: 1 })
  }
  countWoken(changes, woken)
  return changes
}

function countWoken(changes: CounterChanges, woken: readonly Successor[]): void {
  for (const { integrationId, wasFresh } of woken) if (wasFresh) changes.add(integrationId, { timed: 1 })
}
