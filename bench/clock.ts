/** Microseconds of the machine's monotonic clock: the same in all processes. */
export function nowUs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1_000_000 + Math.round(nanoseconds / 1_000)
}
