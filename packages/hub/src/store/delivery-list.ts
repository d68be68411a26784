import type { DeliveryKey } from '../core/ids.ts'
import { deliveryStatus, type DeliveryStatus } from '../core/status.ts'
import type { Client, Pool } from './database.ts'
import type { ReadDelivery } from './delivery-reading.ts'
import { tablesOf, walkDeliveries, walkKeys, type DeliveryPosition } from './delivery-walks.ts'
import { readEvents } from './event-reading.ts'
import { read } from './reading.ts'
import { minStepRows, walkPage, type Found, type Step, type WalkedPage } from './walking.ts'

export interface DeliveryQuery {
  readonly integrationId: number | null
  readonly status: DeliveryStatus | null
  /** The event's type. */
  readonly type: string | null
  readonly errorClass: string | null
  /** The event was accepted at this time or later, and before this time. */
  readonly from: Date | null
  readonly to: Date | null
}

/** What is in flight on this node. */
export interface InFlight {
  isInFlight(key: DeliveryKey): boolean
  inFlight(): readonly DeliveryKey[]
}

/** Latest first: in the order in which they were made, whatever became of them since. */
export async function listDeliveries(
  pool: Pool,
  query: DeliveryQuery,
  position: DeliveryPosition | null,
  limit: number,
  flights: InFlight,
): Promise<WalkedPage<ReadDelivery, DeliveryPosition>> {
  const stepRows = Math.max(limit + 1, minStepRows)
  return read(pool, (client) =>
    walkPage(
      position,
      limit,
      (at) => step(client, query, at, stepRows, flights),
      (keys) => choose(client, query, keys, flights),
    ),
  )
}

async function step(
  client: Client,
  query: DeliveryQuery,
  position: DeliveryPosition | null,
  count: number,
  flights: InFlight,
): Promise<Step<DeliveryKey, DeliveryPosition>> {
  if (query.status === 'PROCESSING') return walkKeys(flights.inFlight(), query, position)
  const walked = await walkDeliveries(
    client,
    tablesOf(query.status, query.errorClass),
    query,
    position,
    count,
  )
  return (await isBeforeAll(client, query, walked.last)) ? { ...walked, next: null } : walked
}

/** Clocks of nodes may differ by so much, so that a later seq may have an earlier time. */
const clockSkewMs = 3_600_000

/**
 * Whether the walk has come to what was accepted before the wanted time, so that nothing wanted follows. A delivery of
 * a replay says nothing: its seq is that of the replay.
 */
async function isBeforeAll(client: Client, query: DeliveryQuery, last: DeliveryKey | null): Promise<boolean> {
  if (!query.from || !last) return false
  const [event] = await readEvents(client, [last.eventId])
  return event?.seq === last.seq && event.receivedAt.getTime() < query.from.getTime() - clockSkewMs
}

async function choose(
  client: Client,
  query: DeliveryQuery,
  keys: readonly DeliveryKey[],
  flights: InFlight,
): Promise<readonly Found<ReadDelivery, DeliveryPosition>[]> {
  const events = await readEvents(client, [...new Set(keys.map(({ eventId }) => eventId))])
  const found = events.flatMap((event) => event.deliveries.map((delivery) => ({ event, delivery })))
  const unmet = new Map(found.map((item) => [nameOf(item.delivery), item]))
  return keys.flatMap((key) => {
    const item = unmet.get(nameOf(key))
    unmet.delete(nameOf(key))
    if (!item || !isWanted(query, item, flights)) return []
    return [{ item, position: { seq: key.seq, integrationId: key.integrationId } }]
  })
}

function nameOf({ integrationId, seq }: DeliveryPosition): string {
  return `${integrationId}.${seq}`
}

function isWanted(query: DeliveryQuery, { event, delivery }: ReadDelivery, flights: InFlight): boolean {
  const status = deliveryStatus(delivery.place, flights.isInFlight(delivery))
  return (
    (query.status === null || query.status === status) &&
    (query.type === null || query.type === event.type) &&
    (query.errorClass === null || query.errorClass === delivery.errorClass) &&
    (query.from === null || query.from <= event.receivedAt) &&
    (query.to === null || query.to > event.receivedAt)
  )
}

/** The latest of this name, be it deleted. */
export async function findIntegrationId(pool: Pool, name: string): Promise<number | null> {
  const result = await pool.query<{ id: number }>(
    'select id from hub.integrations where name = $1 order by id desc limit 1',
    [name],
  )
  return result.rows[0]?.id ?? null
}
