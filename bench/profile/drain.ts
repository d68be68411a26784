import { costFigures, drainedPerSecond } from '../figures.ts'
import { openLater } from '../later.ts'
import type { Figures } from '../scenarios/scenario.ts'
import type { Stand } from '../stand.ts'
import type { HubSubject } from '../subjects/hub.ts'

/** Events pile up for a paused integration; what is returned lets them go. */
export async function pileUp(stand: Stand<HubSubject>, events: number): Promise<() => Promise<Figures>> {
  const later = await openLater(stand)
  await later.pause()
  const load = await stand.pile(later.endpoint, events)
  return async () => {
    const run = await stand.release(load, () => later.revive())
    return { drainedPerSecond: drainedPerSecond(run), ...costFigures(run) }
  }
}
