import { patternRegex } from '../core/pattern.ts'
import { lockKey } from './migrate.ts'
import type { Session } from './session.ts'

export interface Registration {
  readonly consumerName: string
  readonly pattern: string
  readonly isOrdered: boolean
  readonly from: 'now' | 'beginning'
}

export interface ConsumerRow {
  readonly id: number
  readonly name: string
}

/**
 * Makes consumers and subscriptions known, inside the transaction of the session; what is known already keeps its place
 * in the stream of events. Returns the ids of the consumers.
 */
export async function register(
  session: Session,
  registrations: readonly Registration[],
): Promise<readonly ConsumerRow[]> {
  const { schema } = session
  // Instances that start together would otherwise wait for each other's rows in different orders.
  await session.query(`select pg_advisory_xact_lock(${lockKey(session, 'register')})::text`)
  const names = JSON.stringify([...new Set(registrations.map((registration) => registration.consumerName))])
  await session.query(
    `insert into ${schema}.consumers (name) select value from json_array_elements_text($1::text::json)
    on conflict (name) do nothing`,
    [names],
  )
  await session.query(
    `insert into ${schema}.subscriptions (consumer_id, pattern, pattern_regex, is_ordered, from_seq, backfill_seq)
    select c.id, r.pattern, r.regex, r."isOrdered",
      case when r."from" = 'now' then s.last_value else 0 end,
      case when r."from" = 'beginning' then 1 end
    from json_to_recordset($1::text::json) as r
        ("consumerName" text, pattern text, regex text, "isOrdered" boolean, "from" text)
      join ${schema}.consumers c on c.name = r."consumerName"
      cross join ${schema}.events_seq_seq s
    on conflict (consumer_id, pattern) do update set is_ordered = excluded.is_ordered
      where subscriptions.is_ordered <> excluded.is_ordered`,
    [JSON.stringify(registrations.map((each) => ({ ...each, regex: patternRegex(each.pattern) })))],
  )
  return session.query<ConsumerRow>(
    `select id, name from ${schema}.consumers where name in (select json_array_elements_text($1::text::json))`,
    [names],
  )
}

export async function readEventNames(session: Session): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(`select name from ${session.schema}.event_names`)
  return rows.map((row) => row.name)
}

export interface Consumer {
  readonly name: string
  readonly eventNames: readonly string[]
  readonly createdAt: Date
}

export async function listConsumers(session: Session): Promise<Consumer[]> {
  const rows = await session.query<{ name: string; eventNames: string; createdAtMs: number }>(
    `select c.name, coalesce(json_agg(s.pattern order by s.pattern) filter (where s.pattern is not null), '[]')::text
        as "eventNames", extract(epoch from c.created_at)::float8 * 1000 as "createdAtMs"
    from ${session.schema}.consumers c left join ${session.schema}.subscriptions s on s.consumer_id = c.id
    group by c.id order by c.name`,
  )
  return rows.map((row) => ({
    name: row.name,
    eventNames: JSON.parse(row.eventNames) as string[],
    createdAt: new Date(Math.round(row.createdAtMs)),
  }))
}

/** Deletes a consumer and all its rows, inside the transaction of the session. */
export async function removeConsumer(session: Session, name: string): Promise<boolean> {
  const { schema } = session
  await session.query(`select pg_advisory_xact_lock(${lockKey(session, 'fan-out')})::text`)
  const [consumer] = await session.query<ConsumerRow>(
    `delete from ${schema}.consumers where name = $1 returning id, name`,
    [name],
  )
  if (!consumer) return false
  await session.query(`delete from ${schema}.inbox where consumer_id = $1::int`, [consumer.id])
  await session.query(`delete from ${schema}.business_keys where consumer_id = $1::int`, [consumer.id])
  return true
}
