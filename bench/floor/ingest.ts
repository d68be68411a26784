import { CopyRows } from './copy-rows.ts'
import type { FloorEvent } from './event.ts'
import { GroupCommit } from './group-commit.ts'
import { copyEventsSql, copyQueueSql } from './schema.ts'
import type { Session } from './session.ts'

export interface Acceptance {
  readonly event: FloorEvent
  readonly settle: (isKept: boolean) => void
}

/** Events and what is owed for them, in one transaction. */
export function createIngest(session: Session): GroupCommit<Acceptance> {
  const [events, queue] = [new CopyRows(), new CopyRows()]
  return new GroupCommit(0, async (batch) => {
    events.reset()
    queue.reset()
    for (const { event } of batch) writeEvent(events, queue, event)
    const statements = [
      { sql: copyEventsSql, rows: events.bytes() },
      { sql: copyQueueSql, rows: queue.bytes() },
    ]
    const isKept = await session.commit(statements).then(() => true, reportFailure)
    for (const { settle } of batch) settle(isKept)
  })
}

function writeEvent(events: CopyRows, queue: CopyRows, event: FloorEvent): void {
  events.row(3)
  events.binary(event.idBytes)
  events.latin1(event.contentType)
  events.binary(event.body)
  if (event.seq === null) return
  queue.row(2)
  queue.bigint(event.seq)
  queue.binary(event.idBytes)
}

function reportFailure(error: unknown): false {
  console.error('a batch was not kept:', error)
  return false
}
