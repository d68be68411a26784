import type { FloorEvent } from './event.ts'
import { GroupCommit } from './group-commit.ts'
import { copyEventsSql, copyQueueSql } from './schema.ts'
import type { Session } from './session.ts'
import { WireMessage } from './wire-message.ts'

export interface Acceptance {
  readonly event: FloorEvent
  readonly settle: (isKept: boolean) => void
}

/** Events and what is owed for them, in one transaction. */
export function createIngest(session: Session): GroupCommit<Acceptance> {
  const message = new WireMessage()
  return new GroupCommit(0, async (batch) => {
    message.reset()
    message.query([copyEventsSql, copyQueueSql])
    writeEvents(message, batch)
    writeQueueRows(message, batch)
    const isKept = await session.send(message).then(() => true, reportFailure)
    for (const { settle } of batch) settle(isKept)
  })
}

function writeEvents(message: WireMessage, batch: readonly Acceptance[]): void {
  message.beginCopy()
  for (const { event } of batch) {
    message.row(3)
    message.binary(event.idBytes)
    message.latin1(event.contentType)
    message.binary(event.body)
  }
  message.endCopy()
}

function writeQueueRows(message: WireMessage, batch: readonly Acceptance[]): void {
  message.beginCopy()
  for (const { event } of batch) {
    if (event.seq === null) continue
    message.row(2)
    message.bigint(event.seq)
    message.binary(event.idBytes)
  }
  message.endCopy()
}

function reportFailure(error: unknown): false {
  console.error('a batch was not kept:', error)
  return false
}
