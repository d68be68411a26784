import { beginning, sendBurst, type BurstResult } from './burst.ts'
import { withConnection, type Client, type Pool } from './database.ts'
import { isHead } from './queue.ts'

export interface LookedAtLane {
  readonly integrationId: number
  readonly ordering: 'none' | 'subject'
  readonly freshMark: number
  readonly timedMark: Date
}

export interface LaneLook {
  readonly integrationId: number
  /** The earliest free one past the mark that was never tried. */
  readonly firstFresh: number | null
  readonly nextDueInMs: number | null
}

export interface WholeLaneLook extends LaneLook {
  /** Of all that has not ended, whoever has it; null: nothing. */
  readonly lastSeq: number | null
}

/** What waits free for each integration behind its marks. With order it may stand behind the head of its subject. */
export async function lookAtLanes(pool: Pool, lanes: readonly LookedAtLane[]): Promise<readonly LaneLook[]> {
  return toLooks(await withConnection(pool, (client) => readByIndex(client, lookSql(lanes))))
}

/** The same from the beginning; with order only what may be claimed, wherever it lies. Tells how long it took. */
export async function lookAtWholeLanes(
  pool: Pool,
  lanes: readonly Pick<LookedAtLane, 'integrationId' | 'ordering'>[],
  took: (ms: number) => void,
): Promise<readonly WholeLaneLook[]> {
  const whole = lanes.map((lane) => ({ ...lane, freshMark: 0, timedMark: new Date(0) }))
  const ordered = lanes.filter(({ ordering }) => ordering === 'subject').map((lane) => lane.integrationId)
  const [looks, heads] = await withConnection(pool, async (client) => {
    const startedMs = performance.now()
    try {
      // Each may take as long as any answer may.
      const looked = await readByIndex(client, lookSql(whole, lastSeqSql))
      return [looked, ordered.length > 0 ? await readByIndex(client, freshHeadsSql(ordered)) : null]
    } finally {
      took(performance.now() - startedMs)
    }
  })
  const headOf = new Map(heads?.rows.map(({ id, seq }) => [id, seq]))
  const lastOf = new Map(looks?.rows.map(({ id, last_seq: seq }) => [id, seq]))
  return toLooks(looks).map((look) => {
    const { integrationId } = look
    const lastSeq = (lastOf.get(integrationId) ?? null) as number | null
    if (!ordered.includes(integrationId)) return { ...look, lastSeq }
    return { ...look, lastSeq, firstFresh: (headOf.get(integrationId) ?? null) as number | null }
  })
}

/** In one round trip: it is done every second, whether something happens or not. */
async function readByIndex(client: Client, sql: string): Promise<BurstResult | undefined> {
  const all = [...beginning({ walksIndexes: true, first: [{ sql }] }), { sql: 'commit' }]
  return (await sendBurst(client, all)).at(-2)
}

const lastSeqSql = `
      (select max(seq) from hub.queue where integration_id = lane.id) as last_seq,`

function lookSql(lanes: readonly LookedAtLane[], also = ''): string {
  const column = (type: string, valueOf: (lane: LookedAtLane) => unknown): string =>
    `'{${lanes.map(valueOf).join()}}'::${type}[]`
  return `
    select lane.id,${also}
      (select seq from hub.queue where integration_id = lane.id and seq > lane.fresh_mark
         and owner is null and due is null order by seq limit 1) as first_fresh,
      (${nextDueSql('lane.id', 'lane.timed_mark', 'lane.is_ordered')}) as next_due
    from unnest(
      ${column('int', (lane) => lane.integrationId)}, ${column('bigint', (lane) => lane.freshMark)},
      ${column('timestamptz', (lane) => lane.timedMark.toISOString())},
      ${column('bool', (lane) => lane.ordering === 'subject')}
    ) as lane (id, fresh_mark, timed_mark, is_ordered)`
}

function toLooks(result: BurstResult | null | undefined): readonly LaneLook[] {
  const rows = (result?.rows ?? []) as unknown as readonly {
    readonly id: number
    readonly first_fresh: number | null
    readonly next_due: number | null
  }[]
  return rows.map((row) => ({
    integrationId: row.id,
    firstFresh: row.first_fresh,
    nextDueInMs: row.next_due,
  }))
}

/** In how many milliseconds, by the store's clock, the next one that may be claimed is due; 0: it is. */
function nextDueSql(integrationId: string, mark: string, isOrdered: string): string {
  return `
    select greatest(0, ceil(extract(epoch from due - clock_timestamp()) * 1000))::float8 as in_ms from hub.queue candidate
    where integration_id = ${integrationId} and due >= ${mark} and owner is null
      and (not ${isOrdered} or ${isHead})
    order by due limit 1`
}

export async function findNextDue(
  client: Client,
  { integrationId, ordering, timedMark }: Omit<LookedAtLane, 'freshMark'>,
): Promise<number | null> {
  const result = await client.query<{ in_ms: number }>({
    name: `find-next-due-${ordering}`,
    text: nextDueSql('$1', '$2', String(ordering === 'subject')),
    values: [integrationId, timedMark],
  })
  return result.rows[0]?.in_ms ?? null
}

/**
 * Of integrations with order, the earliest free row without a try that may be claimed, wherever it lies. It goes from
 * subject to subject, which takes as long as there are subjects, however many rows wait in each.
 */
function freshHeadsSql(integrationIds: readonly number[]): string {
  const head = `select subject_key, seq, owner, due from hub.queue where integration_id = lane.id`
  return `
    select lane.id, least(
      (with recursive heads as (
         (${head} and subject_key is not null order by subject_key, seq limit 1)
         union all
         select next.* from heads cross join lateral (
           ${head} and subject_key > heads.subject_key order by subject_key, seq limit 1
         ) as next
       )
       select min(seq) from heads where owner is null and due is null),
      (select seq from hub.queue where integration_id = lane.id and subject_key is null and owner is null and due is null order by seq limit 1)
    ) as seq
    from unnest('{${integrationIds.join()}}'::int[]) as lane (id)`
}
