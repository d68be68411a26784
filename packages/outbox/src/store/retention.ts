import type { Session } from './session.ts'

export interface PruneStep {
  readonly pruned: number
  /** Where to look on; null when there is nothing more to look at. */
  readonly nextSeq: number | null
}

/**
 * Deletes the next events that every consumer has ended with long enough ago, with their rows and business keys. Dead
 * letters, and what was given up without them, stay until somebody decides.
 */
export async function prune(
  session: Session,
  processedDays: number,
  fromSeq: number,
  limit: number,
): Promise<PruneStep> {
  const { schema } = session
  const cutoff = `now() - $1::int * interval '1 day'`
  const [row] = await session.query<{ pruned: number; nextSeq: number | null }>(
    `with looked_at as (
      select seq, published_at from ${schema}.events
      where seq >= $2::float8::bigint order by seq limit $3::int
    ), ended as (
      select l.seq from looked_at l
      where l.published_at < ${cutoff}
        and not exists (select from ${schema}.fan_out f where f.event_seq = l.seq)
        and not exists (
          select from ${schema}.inbox i
          where i.event_seq = l.seq and not (i.state in ('processed', 'skipped') and i.finished_at < ${cutoff}))
    ), keys as (
      delete from ${schema}.business_keys k using ended where k.event_seq = ended.seq
    ), rows as (
      delete from ${schema}.inbox i using ended where i.event_seq = ended.seq
    ), pruned as (
      delete from ${schema}.events e using ended where e.seq = ended.seq returning 1
    )
    select (select count(*)::int from pruned) as pruned,
      case when (select count(*) filter (where published_at < ${cutoff}) from looked_at) = $3::int
        then (select max(seq) + 1 from looked_at)::float8 end as "nextSeq"`,
    [processedDays, fromSeq, limit],
  )
  return { pruned: row?.pruned ?? 0, nextSeq: row?.nextSeq ?? null }
}
