const shape = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

export const timeHint =
  'must be a time such as 2026-01-31T12:00:00Z (RFC 3339), in UTC of the years 0 to 9999'

/** The time that an RFC 3339 text gives, cut to the millisecond; null when the text is none, or none in UTC. */
export function parseRfc3339(text: string): Date | null {
  if (!shape.test(text)) return null
  const digits = (start: number, end?: number): number => Number(text.slice(start, end))
  const [month, day, hour, minute, second] = [
    digits(5, 7),
    digits(8, 10),
    digits(11, 13),
    digits(14, 16),
    digits(17, 19),
  ]
  const offset = offsetMinutes(text)
  if (hour > 23 || minute > 59 || second > 60 || offset === null) return null

  const time = new Date(0)
  time.setUTCFullYear(digits(0, 4), month - 1, day)
  // A month or day that does not exist spills over into another.
  if (time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day) return null
  time.setUTCHours(hour, minute - offset, second, milliseconds(text))
  // Near its ends an offset leads out of the years that can be written down again.
  const year = time.getUTCFullYear()
  return year < 0 || year > 9_999 ? null : time
}

function offsetMinutes(text: string): number | null {
  if (text.endsWith('Z') || text.endsWith('z')) return 0
  const [hours, minutes] = [Number(text.slice(-5, -3)), Number(text.slice(-2))]
  if (hours > 23 || minutes > 59) return null
  return (hours * 60 + minutes) * (text.at(-6) === '-' ? -1 : 1)
}

function milliseconds(text: string): number {
  if (text[19] !== '.') return 0
  return Number(text.slice(20, 23).replace(/\D.*$/, '').padEnd(3, '0'))
}
