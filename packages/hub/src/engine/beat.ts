/** Each of the longer ones falls together with a shorter one. */
const beatsMs = [1_000, 500]
/** Timers may be this early. */
const earlyMs = 2

/**
 * How long to wait for what is to be done within a time: until a moment that all such waits share. An idle hub then wakes
 * once for all that is due, not once for each; where waking costs more than the work, that is most of what it costs.
 */
export function untilBeat(withinMs: number, nowMs = performance.now()): number {
  const beatMs = beatsMs.find((ms) => ms <= withinMs)
  if (beatMs === undefined) return withinMs
  const latestMs = nowMs + withinMs + earlyMs
  return Math.ceil(latestMs - (latestMs % beatMs) - nowMs)
}
