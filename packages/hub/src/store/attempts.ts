import type { ErrorClass, Outcome } from '../core/outcome.ts'
import type { Statement } from './burst.ts'
import { CopyRows } from './copy.ts'

export type Ended = 'delivered' | 'dead' | 'manual' | 'cancelled' | 'resolved'

export interface AttemptRow {
  readonly at: Date
  readonly integrationId: number
  readonly seq: number
  readonly eventId: string
  /** 0: the delivery ended without a try. */
  readonly n: number
  readonly startedAt: Date
  readonly durationMs: number
  readonly outcome: Outcome['result'] | 'cancelled' | 'expired' | 'resolved'
  /** The state in which this attempt ended the delivery; null: it did not. */
  readonly ended: Ended | null
  readonly counted: boolean
  readonly httpStatus: number | null
  readonly errorClass: ErrorClass | null
  readonly error: string | null
  readonly responseBody: Buffer | null
  readonly replayId: number | null
}

const insertSql = `
  copy hub.attempts (at, integration_id, seq, event_id, n, started_at, duration_ms, outcome, ended, counted,
                     http_status, error_class, error, response_body, replay_id)
  from stdin (format binary)`

export function appendAttempts(attempts: readonly AttemptRow[]): Statement {
  const rows = new CopyRows(attempts.length * 256 + 64)
  for (const attempt of attempts) writeAttempt(rows, attempt)
  return { sql: insertSql, rows }
}

function writeAttempt(rows: CopyRows, attempt: AttemptRow): void {
  rows.row(15)
  rows.time(attempt.at)
  rows.int(attempt.integrationId)
  rows.bigint(attempt.seq)
  rows.uuid(attempt.eventId)
  rows.int(attempt.n)
  rows.time(attempt.startedAt)
  rows.int(Math.round(attempt.durationMs))
  rows.text(attempt.outcome)
  textOrNull(rows, attempt.ended)
  rows.bool(attempt.counted)
  if (attempt.httpStatus === null) rows.null()
  else rows.int(attempt.httpStatus)
  textOrNull(rows, attempt.errorClass)
  textOrNull(rows, attempt.error)
  if (attempt.responseBody === null) rows.null()
  else rows.bytes(attempt.responseBody)
  if (attempt.replayId === null) rows.null()
  else rows.bigint(attempt.replayId)
}

function textOrNull(rows: CopyRows, value: string | null): void {
  if (value === null) rows.null()
  // PostgreSQL's text cannot hold U+0000, which a target's error may.
  else rows.text(value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value)
}
