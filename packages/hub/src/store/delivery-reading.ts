import type { DeliveryKey } from '../core/ids.ts'
import type { Client } from './database.ts'
import { earliestAttempt, readEvents, type DeliveryRecord, type EventRecord } from './event-reading.ts'

export interface ReadDelivery {
  readonly event: EventRecord
  readonly delivery: DeliveryRecord
}

/** One try at a target. */
export interface AttemptRecord {
  /** Counting from 1. */
  readonly n: number
  readonly startedAt: Date
  readonly durationMs: number
  readonly outcome: string
  readonly counted: boolean
  readonly httpStatus: number | null
  readonly errorClass: string | null
  readonly error: string | null
  readonly responseBody: Buffer | null
}

export async function readDelivery(client: Client, key: DeliveryKey): Promise<ReadDelivery | null> {
  const [event] = await readEvents(client, [key.eventId])
  const delivery = event?.deliveries.find(
    ({ integrationId, seq }) => integrationId === key.integrationId && seq === key.seq,
  )
  return event && delivery ? { event, delivery } : null
}

/** The policies allow no more tries than this in one life of a delivery. */
const maxAttempts = 1_000

interface AttemptRow {
  n: number
  started_at: Date
  duration_ms: number
  outcome: string
  counted: boolean
  http_status: number | null
  error_class: string | null
  error: string | null
  response_body: Buffer | null
}

/** In order; of a delivery that lived many times, the latest. */
export async function readAttempts(client: Client, key: DeliveryKey): Promise<readonly AttemptRecord[]> {
  const result = await client.query<AttemptRow>({
    name: 'read-attempts',
    text: `
      select n, started_at, duration_ms, outcome, counted, http_status, error_class, error, response_body
      from hub.attempts
      where integration_id = $1 and seq = $2 and at >= $3 and n > 0
      order by at desc, n desc limit ${maxAttempts}`,
    values: [key.integrationId, key.seq, earliestAttempt(key.eventId)],
  })
  return result.rows.toReversed().map((row) => ({
    n: row.n,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    outcome: row.outcome,
    counted: row.counted,
    httpStatus: row.http_status,
    errorClass: row.error_class,
    error: row.error,
    responseBody: row.response_body,
  }))
}
