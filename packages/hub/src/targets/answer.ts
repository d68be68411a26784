import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http'
import type { HttpTarget } from '../core/integration-spec.ts'
import type { Outcome } from '../core/outcome.ts'

/** What a final answer's status line and headers decide. */
export type Judgement = Pick<Outcome, 'result' | 'errorClass' | 'error' | 'retryAfterMs'>

export type JudgeAnswer = (status: number, headers: IncomingHttpHeaders, now: () => Date) => Judgement

const delivered: Judgement = { result: 'delivered', errorClass: null, error: null, retryAfterMs: null }

/** `success` goes before `permanent`, and both before what a status means by itself. `who` is for sentences. */
export function compileJudge(
  rules: Pick<HttpTarget, 'success' | 'permanent'>,
  who = 'The target',
): JudgeAnswer {
  const success = statusesIn(rules.success)
  const permanent = statusesIn(rules.permanent)
  return (status, headers, now) => {
    if (success.has(status)) return delivered
    const answered = `${who} answered ${named(status)}`
    if (permanent.has(status)) {
      const error = `${answered}, which this integration takes for a final refusal.`
      return { result: 'permanent', errorClass: 'rejected', error, retryAfterMs: null }
    }
    return {
      result: 'failed',
      errorClass: status === 429 ? 'rate_limited' : 'status',
      error: `${answered}${redirection(status, headers)}.`,
      retryAfterMs: status === 429 || status === 503 ? retryAfter(headers['retry-after'], now()) : null,
    }
  }
}

function statusesIn(patterns: HttpTarget['success']): ReadonlySet<number> {
  return new Set(
    patterns.flatMap((pattern) => {
      if (typeof pattern === 'number') return [pattern]
      const first = Number(pattern[0]) * 100
      return Array.from({ length: 100 }, (_, offset) => first + offset)
    }),
  )
}

/** Not the reason that the target gave: its text could be anything. */
function named(status: number): string {
  const name = STATUS_CODES[status]
  return name === undefined ? String(status) : `${status} ${name}`
}

const longestLocation = 200

function redirection(status: number, headers: IncomingHttpHeaders): string {
  if (status < 300 || status > 399 || status === 304) return ''
  const location = oneOf(headers.location)
  if (location === undefined) return '; redirects are not followed'
  // A query may hold what only the target and its clients should know.
  const shown = location.replace(/[?#].*$/s, '').replace(/[^\x21-\x7e]/g, '?')
  const bounded = shown.length > longestLocation ? `${shown.slice(0, longestLocation)}…` : shown
  return ` and pointed to ${bounded}; redirects are not followed`
}

const longestRetryAfterMs = 7 * 86_400_000

/** Seconds or an HTTP date; null when it is neither. */
export function retryAfter(header: string | string[] | undefined, now: Date): number | null {
  const text = oneOf(header)?.trim() ?? ''
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(httpDate(text)) - now.getTime()
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(0, waitMs), longestRetryAfterMs)
}

/** `Date.parse` alone would take "2" or "1.5" for a date. */
function httpDate(text: string): string {
  return /^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/.test(text) ? text : ''
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
