import type { Static } from 'typebox'
import { firstEventIdAt, lastEventId, type DeliveryKey } from '../core/ids.ts'
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
  if (errorClass !== null) return isDead(status) ? ['dead_letters'] : []
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

function isDead(status: DeliveryStatus | null): boolean {
  return status === null || status === 'DEAD' || status === 'MANUAL'
}

export interface DeliveryKeyRange {
  /** Null: all of them. */
  readonly integrationId: number | null
  readonly status: DeliveryStatus | null
  readonly errorClass: string | null
  /** When the event was accepted. */
  readonly from: Date | null
  readonly to: Date | null
}

/** What a row must hold to be worth a look. The others are passed one by one, so that a step stays bounded. */
function wantedSql(table: DeliveryTable, status: DeliveryStatus | null): string {
  switch (status) {
    case 'DEAD':
      return `state = 'dead'`
    case 'MANUAL':
      return `state = 'manual'`
    case 'DELIVERED':
      return `coalesce(ended in ('delivered', 'resolved'), false)`
    case 'CANCELLED':
      return `coalesce(ended = 'cancelled', false)`
    case null:
      return table === 'attempts'
        ? `coalesce(ended in ('delivered', 'resolved', 'cancelled'), false)`
        : 'true'
    case 'PENDING':
    case 'PROCESSING':
      return 'true'
  }
}

interface WalkedRow {
  integration_id: number
  seq: number
  event_id: string
  is_wanted: boolean
}

export interface DeliveryStep extends Step<DeliveryKey, DeliveryPosition> {
  /** The last row that was passed, wanted or not. */
  readonly last: DeliveryKey | null
}

/** One step along one table, highest seq first: a few rows of each integration, merged. */
async function walkTable(
  client: Client,
  table: DeliveryTable,
  range: DeliveryKeyRange,
  position: DeliveryPosition | null,
  count: number,
): Promise<DeliveryStep> {
  const byClass = range.errorClass === null ? '' : 'and error_class = $7'
  const result = await client.query<WalkedRow>(
    `select lane.id as integration_id, walked.*
     from hub.integrations lane
     cross join lateral (
       select seq, event_id, ${wantedSql(table, range.status)} and event_id >= $5 and event_id < $6 as is_wanted
       from hub.${table}
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
      firstEventIdAt(range.from ?? new Date(0)),
      range.to ? firstEventIdAt(range.to) : lastEventId,
      ...(range.errorClass === null ? [] : [range.errorClass]),
    ],
  )
  const rows = result.rows.map((row) => ({
    seq: row.seq,
    integrationId: row.integration_id,
    eventId: row.event_id,
    isWanted: row.is_wanted,
  }))
  const last = rows.at(-1) ?? null
  return {
    // The attempts of the last delivery may go on in rows that the next step does not look at.
    candidates: rows.filter((row) => row.isWanted || row.seq === last?.seq),
    walkedRows: rows.length,
    next: rows.length === count ? last : null,
    last,
  }
}

/** One step along several tables at once. A delivery may be met in two of them, or, with its attempts, several times. */
export async function walkDeliveries(
  client: Client,
  tables: readonly DeliveryTable[],
  range: DeliveryKeyRange,
  position: DeliveryPosition | null,
  count: number,
): Promise<DeliveryStep> {
  const steps: DeliveryStep[] = []
  for (const table of tables) steps.push(await walkTable(client, table, range, position, count))
  // Below the highest place where a table was left, others may already have been passed: that is for the next step.
  const [end] = steps.flatMap(({ next }) => next ?? []).toSorted(byPosition)
  const candidates = steps.flatMap((step) => step.candidates).toSorted(byPosition)
  return {
    candidates: end ? candidates.filter((candidate) => byPosition(candidate, end) <= 0) : candidates,
    walkedRows: steps.reduce((sum, step) => sum + step.walkedRows, 0),
    next: end ? { seq: end.seq, integrationId: end.integrationId } : null,
    last: steps.flatMap(({ last }) => last ?? []).toSorted(byPosition)[0] ?? null,
  }
}

/** What is in flight on this node, as a walk. */
export function walkKeys(
  keys: readonly DeliveryKey[],
  range: Pick<DeliveryKeyRange, 'integrationId'>,
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
