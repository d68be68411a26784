import { parseRfc3339 } from '../core/rfc3339.ts'
import { UsageError } from './failure.ts'

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time of the command line: as RFC 3339 has it, or as so long before now or, for an end to come, after it. */
export function timeOption(
  option: string,
  text: string | undefined,
  direction: 'past' | 'future' = 'past',
): string | undefined {
  if (text === undefined) return undefined
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (amount !== undefined) {
    const distanceMs = Number(amount) * (unitMs[unit] ?? 0)
    return new Date(Date.now() + (direction === 'past' ? -distanceMs : distanceMs)).toISOString()
  }
  if (parseRfc3339(text) !== null) return text
  throw new UsageError(
    `${option} must be a time such as 2026-01-31T12:00:00Z, or a distance such as 90s, 15m, 24h or 7d, but is "${text}".`,
  )
}

/** As a table shows it: to the second, in the local time of who looks. */
export function localTime(text: string | null): string {
  if (text === null) return '-'
  const time = new Date(text)
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 19).replace('T', ' ')
}
