import type { Static } from 'typebox'
import type { DeliveryKey } from '../core/ids.ts'
import { closed } from '../core/schema.ts'
import type { DeliveryStatus } from '../core/status.ts'
import type { Client } from './database.ts'
import { IdNumber, SeqNumber, type Step } from './walking.ts'

/** Below this delivery, in the order of seq and, among those of one event, of integration. */
export const DeliveryPosition = closed({ seq: SeqNumber, integrationId: IdNumber })
export type DeliveryPosition = Static<typeof DeliveryPosition>

/** The tables that hold deliveries, each in one of its states. */
type DeliveryTable = 'queue' | 'dead_letters' | 'attempts'

export function tablesOf(status: DeliveryStatus | null, errorClass: string | null): readonly DeliveryTable[] {
  // Only what is dead is grouped by a class.
  if (errorClass !== null) return ['dead_letters']
  switch (status) {
    case null:
      return ['queue', 'dead_letters', 'attempts']
    case 'PENDING':
    case 'PROCESSING':
      return ['queue']
    case 'DEAD':
    case 'MANUAL':
      return ['dead_letters']
    case 'DELIVERED':
    case 'CANCELLED':
      return ['attempts']
  }
}

export interface DeliveryKeyRange {
  /** Null: all of them. */
  readonly integrationId: number | null
  readonly errorClass: string | null
}

interface WalkedRow {
  integration_id: number
  seq: number
  event_id: string
}

/** One step along one table, highest seq first: a few rows of each integration, merged. */
async function walkTable(
  client: Client,
  table: DeliveryTable,
  range: DeliveryKeyRange,
  position: DeliveryPosition | null,
  count: number,
): Promise<Step<DeliveryKey, DeliveryPosition>> {
  const byClass = range.errorClass === null ? '' : 'and error_class = $5'
  const result = await client.query<WalkedRow>(
    `select lane.id as integration_id, walked.*
     from hub.integrations lane
     cross join lateral (
       select seq, event_id from hub.${table}
       where integration_id = lane.id and seq <= $1::bigint - (lane.id >= $2)::int ${byClass}
       order by seq desc limit $3
     ) as walked
     where $4::int is null or lane.id = $4
     order by walked.seq desc, lane.id desc limit $3`,
    [
      position?.seq ?? Number.MAX_SAFE_INTEGER,
      position?.integrationId ?? 0,
      count,
      range.integrationId,
      ...(range.errorClass === null ? [] : [range.errorClass]),
    ],
  )
  const candidates = result.rows.map((row) => ({
    seq: row.seq,
    integrationId: row.integration_id,
    eventId: row.event_id,
  }))
  const last = candidates.at(-1)
  return {
    candidates,
    walkedRows: candidates.length,
    next: last && candidates.length === count ? last : null,
  }
}

/** One step along several tables at once. A delivery may be met in two of them, or, with its attempts, several times. */
export async function walkDeliveries(
  client: Client,
  tables: readonly DeliveryTable[],
  range: DeliveryKeyRange,
  position: DeliveryPosition | null,
  count: number,
): Promise<Step<DeliveryKey, DeliveryPosition>> {
  const steps: Step<DeliveryKey, DeliveryPosition>[] = []
  for (const table of tables) steps.push(await walkTable(client, table, range, position, count))
  // Below the highest place where a table was left, others may already have been passed: that is for the next step.
  const [end] = steps.flatMap(({ next }) => next ?? []).toSorted(byPosition)
  const candidates = steps.flatMap((step) => step.candidates).toSorted(byPosition)
  return {
    candidates: end ? candidates.filter((candidate) => byPosition(candidate, end) <= 0) : candidates,
    walkedRows: steps.reduce((sum, step) => sum + step.walkedRows, 0),
    next: end ? { seq: end.seq, integrationId: end.integrationId } : null,
  }
}

/** What is in flight on this node, as a walk. */
export function walkKeys(
  keys: readonly DeliveryKey[],
  range: DeliveryKeyRange,
  position: DeliveryPosition | null,
): Step<DeliveryKey, DeliveryPosition> {
  const candidates = keys
    .filter(({ integrationId }) => range.integrationId === null || range.integrationId === integrationId)
    .filter((key) => position === null || byPosition(key, position) > 0)
    .toSorted(byPosition)
  return { candidates, walkedRows: candidates.length, next: null }
}

/** Highest first. */
function byPosition(a: DeliveryPosition, b: DeliveryPosition): number {
  return b.seq - a.seq || b.integrationId - a.integrationId
}
