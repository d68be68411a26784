import { type RawEvent, eventColumns } from './events.ts'
import type { Session } from './session.ts'

/**
 * Lets time pass for tests: moves everything that is remembered back by so much, which is the same to whoever compares
 * it with the database's clock. Leases stay, because the processes that hold them live in real time.
 */
export async function passTime(session: Session, elapsedMs: number): Promise<void> {
  const { schema } = session
  const elapsed = `$1::float8 * interval '1 millisecond'`
  await session.query(
    `with moved as (
      update ${schema}.events set occurred_at = occurred_at - ${elapsed}, published_at = published_at - ${elapsed}
    ), linked as (
      update ${schema}.links set created_at = created_at - ${elapsed}
    )
    update ${schema}.inbox set due_at = due_at - ${elapsed}, received_at = received_at - ${elapsed},
      started_at = started_at - ${elapsed}, finished_at = finished_at - ${elapsed}`,
    [elapsedMs],
  )
}

export type RawPublished = RawEvent & { readonly seq: number }

/** What was published after an event, in the order of writing. */
export function readPublished(session: Session, afterSeq: number): Promise<readonly RawPublished[]> {
  return session.query<RawPublished>(
    `select e.seq::float8 as seq, ${eventColumns} from ${session.schema}.events e
    where e.seq > $1::float8::bigint order by e.seq`,
    [afterSeq],
  )
}
