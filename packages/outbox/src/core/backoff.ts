/** However long a handler has been failing, it is tried again within the hour. */
export const maxDelayMs = 3_600_000

/**
 * How long a failed row waits: the base delay, doubled with every attempt made before this one, and shortened or
 * lengthened by up to a tenth, so that rows that failed together don't come back together.
 */
export function backoffMs(baseDelayMs: number, earlierAttempts: number, random: number): number {
  const delayMs = Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(earlierAttempts, 40))
  return Math.round(Math.min(maxDelayMs, delayMs * (0.9 + 0.2 * random)))
}
