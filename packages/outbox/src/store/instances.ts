import type { Session } from './session.ts'

export async function insertInstance(
  session: Session,
  id: string,
  name: string,
  leaseMs: number,
): Promise<void> {
  await session.query(
    `insert into ${session.schema}.instances (id, name, lease_until)
    values ($1::text::uuid, $2, clock_timestamp() + $3::int * interval '1 ms')`,
    [id, name, leaseMs],
  )
}

/** Tells whether the lease was still there to be renewed. */
export async function renewLease(session: Session, id: string, leaseMs: number): Promise<boolean> {
  const rows = await session.query(
    `update ${session.schema}.instances set lease_until = clock_timestamp() + $2::int * interval '1 ms'
    where id = $1::text::uuid and lease_until > clock_timestamp() returning 1 as renewed`,
    [id, leaseMs],
  )
  return rows.length > 0
}

export async function deleteInstance(session: Session, id: string): Promise<void> {
  await session.query(`delete from ${session.schema}.instances where id = $1::text::uuid`, [id])
}

/**
 * Takes back what instances hold whose lease has ended, and forgets those instances, so that a renewal that comes too
 * late finds nothing to renew. Returns how many rows wait again.
 */
export async function takeOver(
  session: Session,
  maxInterruptions: number,
  isDeadLetterEnabled: boolean,
): Promise<number> {
  const { schema } = session
  const rows = await session.query(
    `with gone as (
      delete from ${schema}.instances where lease_until <= clock_timestamp() returning id
    ), held as (
      select i.event_seq, i.consumer_id, i.interruptions + 1 >= $1::int as is_cause
      from ${schema}.inbox i
      where i.state = 'processing' and (i.instance_id in (select id from gone)
        or not exists (select from ${schema}.instances alive where alive.id = i.instance_id))
      for update skip locked
    )
    update ${schema}.inbox i set
      state = case when held.is_cause then case when $2::boolean then 'dead' else 'failed' end
        when i.attempts = 0 then 'received' else 'failed' end,
      due_at = case when not held.is_cause then now() end,
      finished_at = case when held.is_cause then now() end,
      last_error = case when held.is_cause
        then 'The process died ' || (i.interruptions + 1) || ' times while it held this event.' else i.last_error end,
      interruptions = i.interruptions + 1, token = null, instance_id = null
    from held
    where i.event_seq = held.event_seq and i.consumer_id = held.consumer_id
    returning 1 as taken`,
    [maxInterruptions, isDeadLetterEnabled],
  )
  return rows.length
}
