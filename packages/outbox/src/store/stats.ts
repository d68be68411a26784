import type { Session } from './session.ts'

export interface ConsumerStats {
  readonly consumerName: string
  /** Waiting, never tried. */
  readonly pending: number
  readonly processing: number
  readonly processed: number
  /** Waiting for another attempt, or, without dead letters, given up. */
  readonly failed: number
  readonly skipped: number
  readonly deadLettered: number
  /** Since when the oldest of what is unfinished waits. */
  readonly oldestPendingAgeMs: number | null
}

export interface Stats extends Omit<ConsumerStats, 'consumerName'> {
  readonly perConsumer: readonly ConsumerStats[]
}

interface RawStats {
  consumerName: string | null
  pending: number
  processing: number
  processed: number
  failed: number
  skipped: number
  dead: number
  oldestMs: number | null
}

/** Counts what the tables hold. Events that have not been fanned out yet count once for each consumer they are for. */
export async function readStats(session: Session): Promise<Stats> {
  const { schema } = session
  const rows = await session.query<RawStats>(
    `with counted as (
      select consumer_id, count(*) filter (where state = 'received') as pending,
        count(*) filter (where state = 'processing') as processing,
        count(*) filter (where state = 'processed') as processed,
        count(*) filter (where state = 'failed') as failed,
        count(*) filter (where state = 'skipped') as skipped,
        count(*) filter (where state = 'dead') as dead,
        min(received_at) filter (where finished_at is null) as oldest
      from ${schema}.inbox group by consumer_id
    ), arriving as (
      select s.consumer_id, count(distinct f.event_seq) as pending, min(e.published_at) as oldest
      from ${schema}.fan_out f
        join ${schema}.events e on e.seq = f.event_seq
        left join ${schema}.subscriptions s on (s.pattern = e.event_name or ('.' || e.event_name) ~ s.pattern_regex)
          and (f.event_seq > s.from_seq or not pg_visible_in_snapshot(f.xid, s.from_snapshot))
      group by s.consumer_id
    ), consumer as (
      select id, name from ${schema}.consumers union all select null, null
    )
    select consumer.name as "consumerName",
      (coalesce(c.pending, 0) + coalesce(a.pending, 0))::int as pending, coalesce(c.processing, 0)::int as processing,
      coalesce(c.processed, 0)::int as processed, coalesce(c.failed, 0)::int as failed,
      coalesce(c.skipped, 0)::int as skipped, coalesce(c.dead, 0)::int as dead,
      extract(epoch from clock_timestamp() - least(c.oldest, a.oldest))::float8 * 1000 as "oldestMs"
    from consumer
      left join counted c on c.consumer_id = consumer.id
      left join arriving a on a.consumer_id is not distinct from consumer.id
    order by consumer.name`,
  )
  const perConsumer = rows.map(toConsumerStats)
  return {
    pending: sum(perConsumer, 'pending'),
    processing: sum(perConsumer, 'processing'),
    processed: sum(perConsumer, 'processed'),
    failed: sum(perConsumer, 'failed'),
    skipped: sum(perConsumer, 'skipped'),
    deadLettered: sum(perConsumer, 'deadLettered'),
    oldestPendingAgeMs: perConsumer.reduce<number | null>(
      (oldest, { oldestPendingAgeMs: age }) => (age === null ? oldest : Math.max(age, oldest ?? 0)),
      null,
    ),
    perConsumer: perConsumer.filter(({ consumerName }) => consumerName !== ''),
  }
}

type Count = 'pending' | 'processing' | 'processed' | 'failed' | 'skipped' | 'deadLettered'

function sum(consumers: readonly ConsumerStats[], count: Count): number {
  return consumers.reduce((total, consumer) => total + consumer[count], 0)
}

function toConsumerStats(row: RawStats): ConsumerStats {
  return {
    consumerName: row.consumerName ?? '',
    pending: row.pending,
    processing: row.processing,
    processed: row.processed,
    failed: row.failed,
    skipped: row.skipped,
    deadLettered: row.dead,
    oldestPendingAgeMs: row.oldestMs === null ? null : Math.max(0, Math.round(row.oldestMs)),
  }
}
