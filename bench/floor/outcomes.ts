import type { FloorEvent } from './event.ts'
import { GroupCommit } from './group-commit.ts'
import { copyAttemptsSql, deleteQueueRowsSql } from './schema.ts'
import type { Session } from './session.ts'
import { WireMessage } from './wire-message.ts'

export interface Attempt {
  readonly event: FloorEvent
  readonly startedAtMs: number
  readonly durationMs: number
  /** 0: no answer came. */
  readonly httpStatus: number
}

/** Nobody waits for an outcome, and a larger batch costs less for each. */
const minIntervalMs = 20

export function createOutcomes(session: Session): GroupCommit<Attempt> {
  const message = new WireMessage()
  return new GroupCommit(minIntervalMs, async (batch) => {
    const delivered = batch.filter(({ httpStatus }) => httpStatus >= 200 && httpStatus < 300)
    message.reset()
    message.query([deleteQueueRowsSql(delivered.map(({ event }) => event.seq ?? 0)), copyAttemptsSql])
    message.beginCopy()
    for (const attempt of batch) writeAttempt(message, attempt)
    message.endCopy()
    await session.send(message).catch((error: unknown) => console.error('outcomes were not kept:', error))
  })
}

function writeAttempt(message: WireMessage, { event, startedAtMs, durationMs, httpStatus }: Attempt): void {
  message.row(5)
  message.bigint(event.seq ?? 0)
  message.binary(event.idBytes)
  message.time(startedAtMs)
  message.int(durationMs)
  message.int(httpStatus)
}
