import { firstEventIdAt } from '../core/ids.ts'
import type { ReplayPhase, ReplayPlan } from '../core/replay.ts'
import type { Client } from './database.ts'

/** What a phase meets next, in its order: a delivery, or in history an event. */
export interface Met {
  readonly eventId: string
  readonly seq: number | null
  /** Where the walk goes on after it. */
  readonly after: string | number
}

/** Oldest first. Fewer than `count`: the phase ends with them. */
export async function walkPhase(
  client: Client,
  integrationId: number,
  plan: ReplayPlan,
  phase: ReplayPhase,
  after: string | number | null,
  count: number,
): Promise<readonly Met[]> {
  if (phase.kind === 'deliveries') return walkNamed(phase.keys, Number(after ?? 0), count)
  if (phase.kind === 'history') return walkHistory(client, plan, after === null ? null : String(after), count)
  const values: unknown[] = [integrationId, after ?? 0, plan.lastSeq, count]
  const result = await client.query<{ seq: number; event_id: string }>(
    `select seq, event_id from ${deliverySql(phase, plan, values)} order by seq limit $4`,
    values,
  )
  return result.rows.map((row) => ({ eventId: row.event_id, seq: row.seq, after: row.seq }))
}

function deliverySql(
  phase: Extract<ReplayPhase, { kind: 'letters' | 'waiting' | 'ended' }>,
  { filter }: ReplayPlan,
  values: unknown[],
): string {
  const range = 'integration_id = $1 and seq > $2 and seq <= $3'
  switch (phase.kind) {
    case 'letters': {
      const byClass = filter.errorClass === null ? '' : `and error_class = $${values.push(filter.errorClass)}`
      return `hub.dead_letters where ${range} ${byClass}`
    }
    case 'waiting':
      return `hub.queue where ${range} and due > now()`
    case 'ended':
      return `hub.attempts where ${range} and ended = any($${values.push(phase.places)}::text[])`
  }
}

function walkNamed(
  keys: readonly { readonly eventId: string; readonly seq: number }[],
  from: number,
  count: number,
): readonly Met[] {
  return keys.slice(from, from + count).map((key, index) => ({ ...key, after: from + index + 1 }))
}

/** Also what outlived its day; while that is being dropped, an event lies in both tables. */
async function walkHistory(
  client: Client,
  { filter }: ReplayPlan,
  after: string | null,
  count: number,
): Promise<readonly Met[]> {
  const first = firstEventIdAt(new Date(filter.fromMs ?? 0))
  const branches = ['hub.events', 'hub.events_kept'].map(
    (table) => `(select id from ${table} where id >= $1 and id > $2 and id < $3 order by id limit $4)`,
  )
  const result = await client.query<{ id: string }>(
    `select distinct on (id) id from (${branches.join(' union all ')}) as candidate order by id limit $4`,
    [
      first,
      after ?? '00000000-0000-0000-0000-000000000000',
      firstEventIdAt(new Date(filter.toMs ?? 0)),
      count,
    ],
  )
  return result.rows.map(({ id }) => ({ eventId: id, seq: null, after: id }))
}

/** Exact, and quick even for millions; for what is chosen by other things, each has to be looked at. */
export async function countLetters(
  client: Client,
  integrationId: number,
  plan: ReplayPlan,
  places: readonly string[],
): Promise<number> {
  const result = await client.query<{ count: number }>(
    `select count(*) from hub.dead_letters
     where integration_id = $1 and seq <= $2 and state = any($3::text[]) and ($4::text is null or error_class = $4)`,
    [integrationId, plan.lastSeq, places, plan.filter.errorClass],
  )
  return result.rows[0]?.count ?? 0
}
