import { Problem } from '../../packages/hub/src/core/problems.ts'
import { after, type Desk, type PeopleDeps } from './people.ts'
import { faultsForMs, type IntegrationName } from './scenario.ts'
import { startMs, time } from './virtual-time.ts'

/** All that was accepted so far, once more, as somebody asked for it. */
export interface AskedReplay {
  readonly integration: IntegrationName
  /** By what happens one after the other. */
  readonly moment: number
  readonly atMs: number
  /** Null: nobody was told whether it began. */
  id: number | null
  isCancelled: 'no' | 'perhaps' | 'yes'
}

/** Slow enough for several steps of a replay, each of which may fail. */
const ratePerSecond = 4

/** Those whose targets take everything in the end. */
const replayed = ['plain', 'ordered', 'limited'] as const

/** People who replay history while everything else goes on, and often think better of it. */
export class Replaying {
  readonly #deps: PeopleDeps
  readonly asked: AskedReplay[] = []

  constructor(deps: PeopleDeps) {
    this.#deps = deps
  }

  begin(): void {
    const { random, weather } = this.#deps.schedule
    for (let count = 0; count < weather.replays; count++)
      time.later(() => void this.#deps.meanwhile(this.#replay()), random.between(1_000, faultsForMs))
  }

  async #replay(): Promise<void> {
    const { schedule, desks, nextMoment } = this.#deps
    const integration = schedule.random.pick(replayed)
    const open = desks()
    if (open.length === 0) return
    const asked: AskedReplay = {
      ...{ integration, moment: nextMoment(), atMs: time.nowMs },
      ...{ id: null, isCancelled: 'no' },
    }
    this.asked.push(asked)
    asked.id = await this.#beginAt(schedule.random.pick(open), integration).catch(() => null)
    schedule.note(`replay ${integration}: ${asked.id === null ? 'nobody knows' : 'begun'}`)
    if (asked.id === null || !schedule.random.chance(0.6)) return
    await after(schedule.random.between(1, 1_000))
    await this.#cancel(asked, asked.id)
  }

  #beginAt({ name, replays, died }: Desk, integration: IntegrationName): Promise<number> {
    const found = this.#deps.catalog.current.integrationByName.get(integration)
    if (!found) throw new Error(`there is no integration ${integration}`)
    const request = {
      ...{ integration, from: new Date(startMs).toISOString(), dryRun: false },
      ...(this.#deps.schedule.random.chance(0.5) && { ratePerSecond }),
    }
    return Promise.race([time.within(name, () => replays.begin(request, found, 'people')), died])
  }

  async #cancel(asked: AskedReplay, id: number): Promise<void> {
    const { schedule, desks } = this.#deps
    const open = desks()
    if (open.length === 0) return
    const { name, replays, died } = schedule.random.pick(open)
    try {
      await Promise.race([time.within(name, () => replays.cancel(id, 'people')), died])
      asked.isCancelled = 'yes'
    } catch (error) {
      if (!(error instanceof Problem)) asked.isCancelled = 'perhaps'
    }
    schedule.note(`cancel the replay of ${asked.integration}: ${asked.isCancelled}`)
  }
}
