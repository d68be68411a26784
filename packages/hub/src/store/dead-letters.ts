import type { ErrorClass } from '../core/outcome.ts'
import type { Client } from './database.ts'

export interface NewDeadLetter {
  readonly integrationId: number
  readonly seq: number
  readonly eventId: string
  readonly bodyBytes: number
  readonly state: 'dead' | 'manual'
  readonly diedAt: Date
  readonly attempts: number
  readonly counted: number
  readonly errorClass: ErrorClass
  /** The error with what varies taken out, for grouping. */
  readonly message: string
  readonly error: string
  readonly httpStatus: number | null
  readonly replayId: number | null
}

export async function buryDeadLetters(client: Client, letters: readonly NewDeadLetter[]): Promise<void> {
  if (letters.length === 0) return
  await client.query(
    `insert into hub.dead_letters (integration_id, seq, event_id, body_bytes, state, died_at, attempts, counted,
                                   error_class, message, error, http_status, replay_id)
     select * from unnest($1::int[], $2::bigint[], $3::uuid[], $4::int[], $5::text[], $6::timestamptz[], $7::int[],
                          $8::int[], $9::text[], $10::text[], $11::text[], $12::int[], $13::bigint[])`,
    [
      letters.map((letter) => letter.integrationId),
      letters.map((letter) => letter.seq),
      letters.map((letter) => letter.eventId),
      letters.map((letter) => letter.bodyBytes),
      letters.map((letter) => letter.state),
      letters.map((letter) => letter.diedAt),
      letters.map((letter) => letter.attempts),
      letters.map((letter) => letter.counted),
      letters.map((letter) => letter.errorClass),
      letters.map((letter) => letter.message.replaceAll('\0', '\uFFFD')),
      letters.map((letter) => letter.error.replaceAll('\0', '\uFFFD')),
      letters.map((letter) => letter.httpStatus),
      letters.map((letter) => letter.replayId),
    ],
  )
}
