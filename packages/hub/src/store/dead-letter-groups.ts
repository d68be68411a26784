import type { Client } from './database.ts'

/** Dead letters that died of the same cause. */
export interface DeadLetterGroup {
  readonly integrationId: number
  readonly integration: string
  readonly state: 'dead' | 'manual'
  readonly errorClass: string
  /** The error with what varies taken out. */
  readonly message: string
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
  /** The latest of them, as an example. */
  readonly seq: number
  readonly eventId: string
}

export interface DeadLetterGroups {
  readonly groups: readonly DeadLetterGroup[]
  /** False: there are more dead letters than were looked at, so that the counts are too low. */
  readonly isComplete: boolean
}

/** Looking at so many takes about a tenth of a second. */
export const maxGroupedRows = 100_000

interface GroupRow {
  integration_id: number
  integration: string
  state: 'dead' | 'manual'
  error_class: string
  message: string
  count: number
  first_at: Date
  last_at: Date
  seq: number
  event_id: string
  looked_at: number
}

/** The largest groups first; of too many dead letters, the latest of each integration are looked at. */
export async function groupDeadLetters(
  client: Client,
  integrationId: number | null,
  limit: number,
): Promise<DeadLetterGroups> {
  const result = await client.query<GroupRow>({
    name: 'group-dead-letters',
    text: `
      with letter as (
        select lane.name as integration, one.*
        from hub.integrations lane
        cross join lateral (
          select integration_id, seq, event_id, state, error_class, message, died_at
          from hub.dead_letters where integration_id = lane.id order by seq desc limit $2
        ) as one
        where $1::int is null or lane.id = $1
        limit $2
      )
      select integration_id, integration, state, error_class, message, count(*), min(died_at) as first_at,
        max(died_at) as last_at, max(seq) as seq,
        (array_agg(event_id order by seq desc))[1] as event_id, sum(count(*)) over ()::int as looked_at
      from letter
      group by integration_id, integration, state, error_class, message
      order by count desc, last_at desc
      limit $3`,
    values: [integrationId, maxGroupedRows, limit],
  })
  return {
    groups: result.rows.map(toGroup),
    isComplete: (result.rows[0]?.looked_at ?? 0) < maxGroupedRows,
  }
}

function toGroup(row: GroupRow): DeadLetterGroup {
  return {
    integrationId: row.integration_id,
    integration: row.integration,
    state: row.state,
    errorClass: row.error_class,
    message: row.message,
    count: row.count,
    firstAt: row.first_at,
    lastAt: row.last_at,
    seq: row.seq,
    eventId: row.event_id,
  }
}
