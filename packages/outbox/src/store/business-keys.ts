import type { Session } from './session.ts'

export type KeyHolder = 'this event' | 'done by another' | 'taken by another'

/**
 * Takes a business key for an event, waiting for a transaction that is about to take it too. With `isDone` it is final
 * as soon as the transaction of the session commits; otherwise when the row is marked processed.
 */
export async function takeKey(
  session: Session,
  consumerId: number,
  key: string,
  eventSeq: number,
  isDone: boolean,
): Promise<KeyHolder> {
  const { schema } = session
  const values = [consumerId, key, eventSeq, isDone]
  await session.query(
    `insert into ${schema}.business_keys (consumer_id, key, event_seq, is_done)
    values ($1::int, $2, $3::float8::bigint, $4::boolean) on conflict (consumer_id, key) do nothing`,
    values,
  )
  // A statement of its own: the one above does not see what the winner of a conflict has just committed.
  const [holder] = await session.query<{ isThis: boolean; isDone: boolean }>(
    `select event_seq = $3::float8::bigint as "isThis", is_done as "isDone" from ${schema}.business_keys
    where consumer_id = $1::int and key = $2`,
    values.slice(0, 3),
  )
  if (!holder || (!holder.isThis && !holder.isDone)) return 'taken by another'
  return holder.isThis ? 'this event' : 'done by another'
}

/** Leaves the key to other events. */
export async function giveBackKey(session: Session, consumerId: number, eventSeq: number): Promise<void> {
  await session.query(
    `delete from ${session.schema}.business_keys where event_seq = $1::float8::bigint and consumer_id = $2::int`,
    [eventSeq, consumerId],
  )
}
