import { Problem } from '../../packages/hub/src/core/problems.ts'
import { askAt, type Desk, type PeopleDeps } from './people.ts'
import { faultsForMs, type IntegrationName } from './scenario.ts'
import { after, startMs, time } from './virtual-time.ts'

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
    const { schedule, meanwhile } = this.#deps
    schedule.atMoments(schedule.weather.replays, [1_000, faultsForMs], () => void meanwhile(this.#replay()))
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

  #beginAt(at: Desk, integration: IntegrationName): Promise<number> {
    const request = {
      ...{ integration, from: new Date(startMs).toISOString(), dryRun: false },
      ...(this.#deps.schedule.random.chance(0.5) && { ratePerSecond }),
    }
    return askAt(at, () => at.replays.begin(request, this.#deps.catalog.named(integration), 'people'))
  }

  async #cancel(asked: AskedReplay, id: number): Promise<void> {
    const { schedule, desks } = this.#deps
    const open = desks()
    if (open.length === 0) return
    const at = schedule.random.pick(open)
    try {
      await askAt(at, () => at.replays.cancel(id, 'people'))
      asked.isCancelled = 'yes'
    } catch (error) {
      if (!(error instanceof Problem)) asked.isCancelled = 'perhaps'
    }
    schedule.note(`cancel the replay of ${asked.integration}: ${asked.isCancelled}`)
  }
}
