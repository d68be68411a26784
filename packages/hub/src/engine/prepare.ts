import { hash, randomFillSync } from 'node:crypto'
import type { Integration, Source } from '../core/catalog.ts'
import type { IncomingEvent } from '../core/event.ts'
import { createEventId, formatUuid } from '../core/ids.ts'

/** An event with its identity, ready to be committed. What it is routed to may still change with the configuration. */
export interface PreparedEvent {
  readonly id: string
  readonly receivedAt: Date
  readonly source: Source
  readonly incoming: IncomingEvent
  readonly sha256: Buffer
  /** The first 16 bytes of the body's sha-256. */
  readonly bodyHash: string
  /** 16 bytes of sha-256 over the source and the idempotency key; null: never a duplicate. */
  readonly keyHash: string | null
  wantedBy: readonly Integration[]
  /** The version of the configuration that says so. */
  routedBy: number
}

export type Route = (
  source: Source,
  event: IncomingEvent,
  id: string,
  receivedAt: Date,
) => readonly Integration[]

export function prepareEvent(
  source: Source,
  incoming: IncomingEvent,
  route: Route,
  nowMs: number,
  configVersion: number,
): PreparedEvent {
  const id = createEventId(nowMs, takeRandom())
  const receivedAt = new Date(nowMs)
  const sha256 = hash('sha256', incoming.body, 'buffer')
  return {
    id,
    receivedAt,
    source,
    incoming,
    sha256,
    bodyHash: formatUuid(sha256.subarray(0, 16)),
    keyHash: incoming.idempotencyKey === null ? null : hashKey(source.id, incoming.idempotencyKey),
    wantedBy: route(source, incoming, id, receivedAt),
    routedBy: configVersion,
  }
}

function hashKey(sourceId: number, key: string): string {
  return formatUuid(hash('sha256', `${sourceId}\0${key}`, 'buffer').subarray(0, 16))
}

const randomBytesPerId = 10
const pool = Buffer.allocUnsafe(randomBytesPerId * 1_024)
let poolOffset = pool.length

/** A system call for a thousand ids, not for each. */
function takeRandom(): Buffer {
  if (poolOffset === pool.length) {
    randomFillSync(pool)
    poolOffset = 0
  }
  poolOffset += randomBytesPerId
  return pool.subarray(poolOffset - randomBytesPerId, poolOffset)
}
