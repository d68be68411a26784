import { plainKilobyte } from './scenarios/scenario.ts'
import type { Stand } from './stand.ts'

/** The hub costs a third less CPU time after this many events: by then the compilers have done their work. */
const enoughEvents = 60_000

/** Slow subjects are given less than that: they wait rather than compute. */
export async function warmUp(stand: Stand, longestSeconds: number): Promise<void> {
  const wish = { body: plainKilobyte, connections: 64, durationMs: 2_000, ratePerSecond: null }
  const deadlineMs = performance.now() + longestSeconds * 1_000
  let events = 0
  while (events < enoughEvents && performance.now() < deadlineMs) {
    const { load } = await stand.arrive(wish)
    events += load.accepted
  }
  if (stand.subject.keep) await stand.keep(wish)
}
