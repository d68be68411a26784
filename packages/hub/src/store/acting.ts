import type { DeliveryKey } from '../core/ids.ts'
import { CounterChanges } from './counters.ts'
import type { Client } from './database.ts'
import { isTimed, wakeSuccessors, type RowKey } from './queue.ts'

function columns(keys: readonly RowKey[]): [number[], number[]] {
  return [keys.map((key) => key.integrationId), keys.map((key) => key.seq)]
}

/** What became of deliveries whose rows a person's wish may change: those in memory of a node are its own. */
export interface Changed {
  readonly keys: readonly DeliveryKey[]
  /** Integrations of which something is due now. */
  readonly woken: readonly number[]
  readonly counts: CounterChanges
}

export interface WaitingRow extends RowKey {
  /** The epoch of the node that holds it; null: it is free. */
  readonly owner: number | null
  readonly due: Date | null
}

/** Keeps the row as it is until the transaction ends. */
export async function lockWaiting(client: Client, key: RowKey): Promise<WaitingRow | null> {
  const result = await client.query<{ owner: number | null; due: Date | null }>(
    'select owner, due from hub.queue where integration_id = $1 and seq = $2 for update',
    [key.integrationId, key.seq],
  )
  const [row] = result.rows
  return row ? { integrationId: key.integrationId, seq: key.seq, ...row } : null
}

interface MovedRow {
  integration_id: number
  seq: number
  event_id: string
}

function toKeys(rows: readonly MovedRow[]): DeliveryKey[] {
  return rows.map((row) => ({ eventId: row.event_id, integrationId: row.integration_id, seq: row.seq }))
}

/** Of waiting deliveries, makes those that wait for a time due now. What is due at once anyhow stays as it is. */
export async function hasten(client: Client, keys: readonly RowKey[]): Promise<Changed> {
  const result = await client.query<MovedRow>(
    `update hub.queue q set due = now(), restarted_at = case when restarted_at > now() then now() else restarted_at end
     from unnest($1::int[], $2::bigint[]) as wanted (integration_id, seq)
     where q.integration_id = wanted.integration_id and q.seq = wanted.seq and q.owner is null and q.due > now()
     returning q.integration_id, q.seq, q.event_id`,
    columns(keys),
  )
  return { keys: toKeys(result.rows), woken: lanesOf(result.rows), counts: new CounterChanges() }
}

/**
 * Puts dead letters back into the queue under their own ids, as if nothing had been tried yet: what was tried is
 * forgiven, and the policy's clock begins anew. Out of order by nature: others of their subjects went on without them.
 * Those of a deleted integration stay, since nobody would take them. They are this replay's from now on, or with null a
 * person's: the replay of which they died is over for them, also when it is cancelled.
 */
export async function revive(
  client: Client,
  keys: readonly RowKey[],
  replayId: number | null,
): Promise<Changed> {
  const result = await client.query<MovedRow & { state: 'dead' | 'manual'; is_timed: boolean }>(
    `with letter as (
       delete from hub.dead_letters d using unnest($1::int[], $2::bigint[]) as wanted (integration_id, seq)
       where d.integration_id = wanted.integration_id and d.seq = wanted.seq and exists (
         select from hub.integrations where id = wanted.integration_id and deleted_at is null)
       returning d.*
     ), waiting as (
       insert into hub.queue (integration_id, seq, event_id, body_bytes, due, attempts, counted, forgiven,
                              restarted_at, replay_id, last_error)
       select integration_id, seq, event_id, body_bytes, now(), attempts, counted, counted, now(),
         $3::bigint, error
       from letter
       returning seq, integration_id, ${isTimed('queue')} as is_timed
     )
     select integration_id, seq, event_id, state, is_timed from letter join waiting using (integration_id, seq)`,
    [...columns(keys), replayId],
  )
  const counts = new CounterChanges()
  for (const { integration_id, state, is_timed } of result.rows) {
    counts.add(integration_id, { queued: 1, timed: is_timed ? 1 : 0, [state]: -1 })
  }
  return { keys: toKeys(result.rows), woken: lanesOf(result.rows), counts }
}

/** Each ended delivery has one row that says how; this one was ended without a try. */
function endSql(outcome: 'cancelled' | 'resolved'): string {
  return `
    insert into hub.attempts (at, integration_id, seq, event_id, n, started_at, duration_ms, outcome, ended, counted,
                              error, replay_id)
    select now(), integration_id, seq, event_id, 0, now(), 0, '${outcome}', '${outcome}', false, $3, replay_id
    from removed`
}

/** Ends waiting deliveries that no node holds. `note` says why. */
export async function cancelWaiting(
  client: Client,
  keys: readonly RowKey[],
  note: string | null,
): Promise<Changed> {
  return recordCancelled(
    client,
    `delete from hub.queue q using unnest($1::int[], $2::bigint[]) as wanted (integration_id, seq)
     where q.integration_id = wanted.integration_id and q.seq = wanted.seq and q.owner is null
     returning q.*`,
    [...columns(keys), note],
  )
}

/**
 * Ends what waits for an integration that was deleted, from the lowest seq above `afterSeq` on, whoever holds it:
 * nobody sends it any more, and what was in flight finds its row gone.
 */
export async function cancelOfDeleted(
  client: Client,
  integrationId: number,
  afterSeq: number,
  limit: number,
): Promise<Changed> {
  return recordCancelled(
    client,
    `delete from hub.queue q using (
       select integration_id, seq from hub.queue where integration_id = $1 and seq > $2
       order by seq limit $4 for update skip locked
     ) as next
     where q.integration_id = next.integration_id and q.seq = next.seq
     returning q.*`,
    [integrationId, afterSeq, 'The integration was deleted.', limit],
  )
}

async function recordCancelled(
  client: Client,
  removedSql: string,
  values: readonly unknown[],
): Promise<Changed> {
  const result = await client.query<MovedRow & { was_timed: boolean; subject_key: string | null }>(
    `with removed as (${removedSql}), recorded as (${endSql('cancelled')})
     select integration_id, seq, event_id, ${isTimed('removed')} as was_timed, subject_key::text from removed`,
    [...values],
  )
  const counts = new CounterChanges()
  for (const { integration_id, was_timed } of result.rows) {
    counts.add(integration_id, { queued: -1, timed: was_timed ? -1 : 0, cancelled: 1 })
  }
  const woken = await freeSubjects(client, result.rows, counts)
  return { keys: toKeys(result.rows), woken, counts }
}

/** With order, what came after a cancelled one may go now. */
async function freeSubjects(
  client: Client,
  rows: readonly { readonly integration_id: number; readonly subject_key: string | null }[],
  counts: CounterChanges,
): Promise<readonly number[]> {
  const subjects = rows.flatMap(({ integration_id, subject_key }) =>
    subject_key === null ? [] : [{ integrationId: integration_id, subjectKey: BigInt(subject_key) }],
  )
  const woken = await wakeSuccessors(client, subjects)
  for (const { integrationId, wasFresh } of woken) if (wasFresh) counts.add(integrationId, { timed: 1 })
  return [...new Set(woken.map(({ integrationId }) => integrationId))]
}

/** Ends dead letters and what waits for a person. */
export async function discard(
  client: Client,
  keys: readonly RowKey[],
  note: string | null,
): Promise<Changed> {
  return endLetters(client, keys, note, 'cancelled')
}

/** A person did by hand what the delivery was for. */
export async function resolveManual(
  client: Client,
  keys: readonly RowKey[],
  note: string | null,
): Promise<Changed> {
  return endLetters(client, keys, note, 'resolved')
}

async function endLetters(
  client: Client,
  keys: readonly RowKey[],
  note: string | null,
  outcome: 'cancelled' | 'resolved',
): Promise<Changed> {
  const result = await client.query<MovedRow & { state: 'dead' | 'manual' }>(
    `with removed as (
       delete from hub.dead_letters d using unnest($1::int[], $2::bigint[]) as wanted (integration_id, seq)
       where d.integration_id = wanted.integration_id and d.seq = wanted.seq
         ${outcome === 'resolved' ? `and d.state = 'manual'` : ''}
       returning d.*
     ), recorded as (${endSql(outcome)})
     select integration_id, seq, event_id, state from removed`,
    [...columns(keys), note],
  )
  const counts = new CounterChanges()
  for (const { integration_id, state } of result.rows) {
    counts.add(integration_id, { [state]: -1, [outcome === 'resolved' ? 'delivered' : 'cancelled']: 1 })
  }
  return { keys: toKeys(result.rows), woken: [], counts }
}

function lanesOf(rows: readonly { readonly integration_id: number }[]): readonly number[] {
  return [...new Set(rows.map((row) => row.integration_id))]
}

/** Integrations that were deleted while something waits for them still. */
export async function listDeletedWithBacklog(client: Client): Promise<readonly number[]> {
  const result = await client.query<{ id: number }>(
    `select id from hub.integrations
     where deleted_at is not null and exists (select from hub.queue where integration_id = hub.integrations.id)
     order by id`,
  )
  return result.rows.map((row) => row.id)
}
