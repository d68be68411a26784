import type { Integration } from '../core/catalog.ts'
import { closedCircuit, type Circuit } from '../core/circuit.ts'
import type { Pool } from '../store/database.ts'
import { noCounts, readCounts, type IntegrationCounts, type Rates } from '../store/statistics.ts'
import type { LaneState } from './lane-parts.ts'
import { allIntegrations, type Latencies, type LatencyKeeper } from './latencies.ts'
import type { OldestWaiting } from './oldest-waiting.ts'

export interface StatisticsDeps {
  readonly pool: Pool
  readonly integrations: () => readonly Integration[]
  readonly laneState: (integrationId: number) => LaneState | undefined
  readonly latencies: Pick<LatencyKeeper, 'latencies'>
  readonly oldest: Pick<OldestWaiting, 'ageMs'>
  readonly now: () => Date
}

/** How some deliveries fare. */
export interface Figures extends Latencies {
  /** All that has not ended; of it what waits for a retry, the circuit or a pause, and what is in flight on this node. */
  readonly backlog: number
  readonly waiting: number
  readonly processing: number
  readonly delivered: number
  readonly dead: number
  readonly manual: number
  readonly cancelled: number
  readonly oldestPendingAgeMs: number | null
  readonly perSecond: Rates
}

export interface IntegrationFigures extends Figures {
  readonly integration: string
  readonly isPaused: boolean
  readonly circuit: Circuit
}

/** Sums of counters and of what this node knows; nothing here counts rows. */
export class Statistics {
  readonly #deps: StatisticsDeps

  constructor(deps: StatisticsDeps) {
    this.#deps = deps
  }

  async of(integration: Integration): Promise<IntegrationFigures> {
    const counts = await readCounts(this.#deps.pool, integration.id)
    return this.#figures(integration, counts.get(integration.id))
  }

  /** By name of the integration. */
  async all(): Promise<{ readonly sum: Figures; readonly each: readonly IntegrationFigures[] }> {
    const counts = await readCounts(this.#deps.pool, null)
    const each: IntegrationFigures[] = []
    for (const integration of this.#deps.integrations().toSorted(byName)) {
      each.push(await this.#figures(integration, counts.get(integration.id)))
    }
    return { sum: { ...sumOf(each), ...this.#deps.latencies.latencies(allIntegrations) }, each }
  }

  async #figures(
    integration: Integration,
    counts: IntegrationCounts = noCounts(integration.id),
  ): Promise<IntegrationFigures> {
    const { laneState, latencies, oldest, now } = this.#deps
    const state = laneState(integration.id)
    const circuit = state?.circuit ?? closedCircuit(now().getTime())
    // Sums of deltas from several transactions may for a moment be short of the one that is under way.
    const backlog = Math.max(0, counts.queued)
    const processing = Math.min(backlog, state?.inFlight ?? 0)
    const isHeld = integration.spec.paused || circuit.phase !== 'closed'
    return {
      integration: integration.name,
      backlog,
      waiting: isHeld ? backlog - processing : Math.min(Math.max(0, counts.timed), backlog - processing),
      processing,
      delivered: counts.delivered,
      dead: counts.dead,
      manual: counts.manual,
      cancelled: counts.cancelled,
      oldestPendingAgeMs: backlog === 0 ? null : await oldest.ageMs(integration.id, now()),
      perSecond: counts.perSecond,
      isPaused: integration.spec.paused,
      circuit,
      ...latencies.latencies(integration.id),
    }
  }
}

function byName(a: Integration, b: Integration): number {
  return a.name < b.name ? -1 : 1
}

function sumOf(each: readonly Figures[]): Omit<Figures, keyof Latencies> {
  const sum = (of: (figures: Figures) => number): number =>
    each.reduce((total, figures) => total + of(figures), 0)
  const ages = each.flatMap(({ oldestPendingAgeMs }) => oldestPendingAgeMs ?? [])
  return {
    backlog: sum(({ backlog }) => backlog),
    waiting: sum(({ waiting }) => waiting),
    processing: sum(({ processing }) => processing),
    delivered: sum(({ delivered }) => delivered),
    dead: sum(({ dead }) => dead),
    manual: sum(({ manual }) => manual),
    cancelled: sum(({ cancelled }) => cancelled),
    oldestPendingAgeMs: ages.length === 0 ? null : Math.max(...ages),
    perSecond: {
      accepted: sum(({ perSecond }) => perSecond.accepted),
      delivered: sum(({ perSecond }) => perSecond.delivered),
      attempts: sum(({ perSecond }) => perSecond.attempts),
      failures: sum(({ perSecond }) => perSecond.failures),
    },
  }
}
