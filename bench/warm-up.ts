import { plainKilobyte } from './scenarios/scenario.ts'
import type { Stand } from './stand.ts'

/** The hub costs a third less CPU time after this many events: by then the compilers have done their work. */
const enoughEvents = 60_000

/** Slow subjects are given less than that: they wait rather than compute. */
export async function warmUp(stand: Stand, longestMs: number): Promise<void> {
  const wish = { body: plainKilobyte, connections: 64, durationMs: 2_000, ratePerSecond: null }
  const deadlineMs = performance.now() + longestMs
  let events = 0
  while (events < enoughEvents && performance.now() < deadlineMs) {
    const { load } = await stand.deliver(wish)
    events += load.accepted
  }
  if (stand.subject.keep) await stand.keep(wish)
}
