import type { FloorEvent } from './event.ts'
import { GroupCommit } from './group-commit.ts'
import type { Answer } from './post.ts'
import { copyAttemptsSql, deleteQueueRowsSql } from './schema.ts'
import type { Session } from './session.ts'
import { WireMessage } from './wire-message.ts'

export interface Attempt {
  readonly event: FloorEvent
  readonly answer: Answer
}

/** Nobody waits for an outcome, and a larger batch costs less for each. */
const minIntervalMs = 20

export function createOutcomes(session: Session): GroupCommit<Attempt> {
  const message = new WireMessage()
  return new GroupCommit(minIntervalMs, async (batch) => {
    const delivered = batch.filter(({ answer }) => answer.httpStatus >= 200 && answer.httpStatus < 300)
    message.reset()
    message.query([deleteQueueRowsSql(delivered.map(({ event }) => event.seq ?? 0)), copyAttemptsSql])
    message.beginCopy()
    for (const attempt of batch) writeAttempt(message, attempt)
    message.endCopy()
    await session.send(message).catch((error: unknown) => console.error('outcomes were not kept:', error))
  })
}

function writeAttempt(message: WireMessage, { event, answer }: Attempt): void {
  message.row(5)
  message.bigint(event.seq ?? 0)
  message.binary(event.idBytes)
  message.time(answer.startedAtMs)
  message.int(answer.durationMs)
  message.int(answer.httpStatus)
}
