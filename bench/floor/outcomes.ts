import { CopyRows } from './copy-rows.ts'
import type { FloorEvent } from './event.ts'
import { GroupCommit } from './group-commit.ts'
import type { Answer } from './post.ts'
import { copyAttemptsSql, deleteQueueRowsSql } from './schema.ts'
import type { Session } from './session.ts'

export interface Attempt {
  readonly event: FloorEvent
  readonly answer: Answer
}

/** Nobody waits for an outcome, and a larger batch costs less for each. */
const minIntervalMs = 20

export function createOutcomes(session: Session): GroupCommit<Attempt> {
  const attempts = new CopyRows()
  return new GroupCommit(minIntervalMs, async (batch) => {
    const delivered = batch.filter(({ answer }) => answer.httpStatus >= 200 && answer.httpStatus < 300)
    attempts.reset()
    for (const attempt of batch) writeAttempt(attempts, attempt)
    const statements = [
      { sql: deleteQueueRowsSql(delivered.map(({ event }) => event.seq ?? 0)) },
      { sql: copyAttemptsSql, rows: attempts.bytes() },
    ]
    await session
      .commit(statements)
      .catch((error: unknown) => console.error('outcomes were not kept:', error))
  })
}

function writeAttempt(attempts: CopyRows, { event, answer }: Attempt): void {
  attempts.row(5)
  attempts.bigint(event.seq ?? 0)
  attempts.binary(event.idBytes)
  attempts.time(answer.startedAtMs)
  attempts.int(answer.durationMs)
  attempts.int(answer.httpStatus)
}
