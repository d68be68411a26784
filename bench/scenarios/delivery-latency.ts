import { costFigures, latencyFigures } from '../figures.ts'
import { plainKilobyte, type Requirement, type Scenario } from './scenario.ts'

const latency = { unit: ' ms', dividedBy: null, better: 'lower' } as const
const requirements: readonly Requirement[] = [
  { what: 'accept to delivered at 1,000/s, p50', figure: 'p50Ms', ...latency, must: 10, aim: 5 },
  { what: 'accept to delivered at 1,000/s, p99', figure: 'p99Ms', ...latency, must: 60, aim: 25 },
]

/** From the time at which an event was to be sent until it is at its target. */
export const deliveryLatency: Scenario = {
  name: 'delivery-latency',
  subjects: ['floor', 'hub'],
  requirements,
  async measure(stand, durationMs) {
    const wish = { body: plainKilobyte, connections: 128, durationMs, ratePerSecond: 1_000 }
    const run = await stand.deliver(wish)
    return { ...latencyFigures(run.sink.latenciesUs), ...costFigures(run) }
  },
}
