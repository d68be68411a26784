import { describeError } from '../core/errors.ts'
import type { Outcome } from '../core/outcome.ts'
import { mark, type MarkResult } from '../store/mark.ts'
import { releaseHeads } from '../store/fan-out.ts'
import type { Session } from '../store/session.ts'
import type { HandRow } from './hand.ts'
import { handle } from './handle.ts'
import { type Ending, endingOf, record } from './ending.ts'
import { releasedMark, rowMark } from './row-mark.ts'
import type { Tools } from './tools.ts'

/** Quick handlers share a transaction, so that they share its commit; after this time no more join. */
const sharedMs = 50
const maxShared = 50

/** What became of the rows of a run: those that are neither done nor gone may run again. */
export interface RunResult<Tx> {
  readonly done: readonly HandRow<Tx>[]
  readonly again: readonly HandRow<Tx>[]
  /** The database could not even be asked to begin. */
  readonly trouble?: unknown
}

/**
 * Runs rows of one consumer one after the other in one transaction, which also marks them. A handler that fails is rolled
 * back alone. When the transaction fails as a whole, each of its rows runs again in one of its own.
 */
export async function runInTransaction<Tx>(
  rows: readonly HandRow<Tx>[],
  tools: Tools<Tx>,
): Promise<RunResult<Tx>> {
  const attempt: Attempt<Tx> = { endings: new Map(), failedFirst: false }
  try {
    const result = await tools.db.transaction((tx) => runAll(rows, tx, attempt, tools))
    return finish(rows, attempt, result, tools)
  } catch (error) {
    return recover(rows, attempt, error, tools)
  }
}

interface Attempt<Tx> {
  readonly endings: Map<HandRow<Tx>, Ending>
  /** The first handler failed: nothing before it is worth a commit, so the whole transaction was rolled back. */
  failedFirst: boolean
}

class TakenOver extends Error {}

async function runAll<Tx>(
  rows: readonly HandRow<Tx>[],
  tx: Tx,
  attempt: Attempt<Tx>,
  tools: Tools<Tx>,
): Promise<MarkResult> {
  const session = tools.within(tx)
  const untilMs = performance.now() + sharedMs
  for (const row of rows.slice(0, maxShared)) {
    const isFirst = attempt.endings.size === 0
    if (!isFirst && (performance.now() > untilMs || row.abort.signal.aborted)) break
    if (!isFirst) await session.query('savepoint outbox_event')
    const outcome = await handle(row, tx, session, tools)
    attempt.endings.set(row, endingOf(row, outcome, tools))
    if (outcome.kind === 'processed' || outcome.kind === 'skipped') continue
    if (isFirst) {
      attempt.failedFirst = true
      throw new Error('rolled back because the handler failed')
    }
    await session.query('rollback to savepoint outbox_event')
  }
  return markAll(session, attempt)
}

async function markAll<Tx>(session: Session, attempt: Attempt<Tx>): Promise<MarkResult> {
  const marks = [...attempt.endings].map(([row, ending]) => rowMark(row, ending.mark))
  const result = await mark(session, marks)
  if (result.marked.length < marks.length) throw new TakenOver('another instance has taken over')
  return result
}

async function finish<Tx>(
  rows: readonly HandRow<Tx>[],
  { endings }: Attempt<Tx>,
  { freed }: MarkResult,
  tools: Tools<Tx>,
): Promise<RunResult<Tx>> {
  for (const [row, { outcome, mark: written }] of endings) tools.onAttempt(row, outcome, written)
  // What is missed here is found by the search for lines that stand still.
  await releaseHeads(tools.session, freed).catch(() => undefined)
  if (freed.length > 0) tools.onFreed()
  return { done: [...endings.keys()], again: rows.filter((row) => !endings.has(row)) }
}

async function recover<Tx>(
  rows: readonly HandRow<Tx>[],
  { endings, failedFirst }: Attempt<Tx>,
  error: unknown,
  tools: Tools<Tx>,
): Promise<RunResult<Tx>> {
  const [first] = endings
  if (!first) return { done: [], again: rows, trouble: error }
  if (error instanceof TakenOver) return giveUp(rows, tools)
  if (endings.size > 1) {
    for (const row of endings.keys()) row.isAlone = true
    return { done: [], again: rows }
  }
  const [row, ending] = first
  await record(row, failedFirst ? ending : endingOf(row, failure(error), tools), tools)
  return { done: [row], again: rows.filter((other) => other !== row) }
}

function failure(error: unknown): Outcome {
  return { kind: 'failed', error: describeError(error), isPermanent: false }
}

/** Marks that find nothing to mark, unless part of the rows is still ours. */
async function giveUp<Tx>(rows: readonly HandRow<Tx>[], tools: Tools<Tx>): Promise<RunResult<Tx>> {
  await Promise.all(rows.map((row) => tools.recorder.record(releasedMark(row))))
  return { done: rows, again: [] }
}
