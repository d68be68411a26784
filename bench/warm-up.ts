import { plainKilobyte } from './scenarios/scenario.ts'
import type { Stand } from './stand.ts'

/** Until the compilers have done most of their work. */
export async function warmUp(stand: Stand): Promise<void> {
  const wish = { body: plainKilobyte, connections: 64, durationMs: 3_000, ratePerSecond: null }
  await stand.deliver(wish)
  await stand.keep({ ...wish, durationMs: 1_000 })
}
