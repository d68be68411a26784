import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { isTimed } from '../../packages/hub/src/store/queue.ts'

/** What the tables of a hub that has nothing left to do say, counted row by row. */
export interface StoreTruth {
  readonly events: number
  readonly queued: number
  readonly deadLetters: number
  /** Deliveries that have no row that ends them, or several. */
  readonly notEndedOnce: number
  /** Integrations whose counters differ from a count of what they count, with both. */
  readonly driftedCounters: readonly string[]
}

/** Where the embedded PostgreSQL of a running hub is. */
export function embeddedStore(dataDir: string): pg.ClientConfig {
  const host = path.join(dataDir, 'postgres')
  const password = fs.readFileSync(path.join(host, 'hub.password'), 'utf8').trim()
  return { host, user: 'hub', database: 'hub', password }
}

export async function readStoreTruth(store: pg.ClientConfig): Promise<StoreTruth> {
  const client = new pg.Client(store)
  await client.connect()
  try {
    const one = async (sql: string): Promise<number> =>
      Number((await client.query<{ n: string }>(sql)).rows[0]?.n)
    const drift = await client.query<{ drift: string }>(driftSql)
    return {
      events: await one('select count(*) as n from hub.events'),
      queued: await one('select count(*) as n from hub.queue'),
      deadLetters: await one('select count(*) as n from hub.dead_letters'),
      notEndedOnce: await one(notEndedOnceSql),
      driftedCounters: drift.rows.map((row) => row.drift),
    }
  } finally {
    await client.end()
  }
}

/** What is left in the queue, for whoever looks for the reason. */
export async function readLeftOver(store: pg.ClientConfig): Promise<readonly object[]> {
  return readRows(store, leftOverSql)
}

/** What the store says of deliveries that did not come as they should. */
export async function readEventsOf(
  store: pg.ClientConfig,
  deliveries: readonly { readonly eventId: string; readonly target: string }[],
): Promise<readonly object[]> {
  const pairs = deliveries.map(({ eventId, target }) => ({ event_id: eventId, target }))
  return readRows(store, deliveriesSql, [JSON.stringify(pairs)])
}

async function readRows(
  store: pg.ClientConfig,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly object[]> {
  const client = new pg.Client(store)
  await client.connect()
  try {
    const { rows } = await client.query<object>(sql, [...values])
    return rows
  } finally {
    await client.end()
  }
}

const leftOverSql = `
  select i.name as integration, q.seq, q.event_id, q.owner, n.node_key, n.lease_until > now() as is_owner_alive, q.due,
    q.attempts, q.subject_key::text, q.last_error, not exists (
      select from hub.queue before where before.integration_id = q.integration_id
        and before.subject_key = q.subject_key and before.seq < q.seq) as is_head
  from hub.queue q join hub.integrations i on i.id = q.integration_id left join hub.nodes n on n.epoch = q.owner
  order by q.integration_id, q.subject_key, q.seq limit 50`

const deliveriesSql = `
  select wrong.event_id, wrong.target, uuid_extract_timestamp(e.id) as accepted_at, e.seq, i.id = any (e.routes) as is_routed,
    q.owner, q.due, (
      select json_agg(json_build_object('n', a.n, 'started', a.started_at, 'at', a.at, 'outcome', a.outcome,
        'ended', a.ended, 'error', a.error) order by a.at)
      from hub.attempts a where a.integration_id = i.id and a.seq = e.seq
    ) as attempts
  from json_to_recordset($1) as wrong (event_id text, target text)
    left join hub.events e on e.id::text = wrong.event_id
    left join hub.integrations i on i.name = wrong.target
    left join hub.queue q on q.integration_id = i.id and q.seq = e.seq`

const notEndedOnceSql = `
  select count(*) as n
  from hub.events e cross join unnest(e.routes) as route (integration_id)
  where (
    select count(*) from hub.attempts a
    where a.integration_id = route.integration_id and a.seq = e.seq and a.ended is not null
  ) <> 1`

const driftSql = `
  with counted as (
    select integration_id,
      sum(queued) as queued, sum(timed) as timed, sum(dead) as dead, sum(manual) as manual,
      sum(delivered) as delivered, sum(attempts) as attempts, sum(failures) as failures
    from hub.counters group by integration_id
  ), truth as (
    select i.id as integration_id,
      (select count(*) from hub.queue q where q.integration_id = i.id) as queued,
      (select count(*) from hub.queue q where q.integration_id = i.id and ${isTimed('q')}) as timed,
      (select count(*) from hub.dead_letters d where d.integration_id = i.id and d.state = 'dead') as dead,
      (select count(*) from hub.dead_letters d where d.integration_id = i.id and d.state = 'manual') as manual,
      a.delivered, a.attempts, a.failures
    from hub.integrations i cross join lateral (
      select count(*) filter (where ended = 'delivered') as delivered,
        count(*) filter (where n > 0) as attempts,
        count(*) filter (where n > 0 and outcome not in ('delivered', 'aborted')) as failures
      from hub.attempts where integration_id = i.id
    ) a
  )
  select format('%s has %s, its counters say %s', i.name, to_json(truth), to_json(counted)) as drift
  from counted join truth using (integration_id) join hub.integrations i on i.id = integration_id
  where (counted.queued, counted.timed, counted.dead, counted.manual, counted.delivered, counted.attempts, counted.failures)
    is distinct from (truth.queued, truth.timed, truth.dead, truth.manual, truth.delivered, truth.attempts, truth.failures)`
