import { costFigures, latencyFigures } from '../figures.ts'
import { plainKilobyte, type Scenario } from './scenario.ts'

/** From the time at which an event was to be sent until its 202, while all of them are delivered too. */
export const acceptLatency: Scenario = {
  name: 'accept-latency',
  subjects: ['floor', 'hub'],
  requirements: [
    {
      what: 'accept at 2,000/s, p99',
      figure: 'p99Ms',
      unit: ' ms',
      dividedBy: null,
      better: 'lower',
      must: 60,
      aim: 20,
    },
  ],
  async measure(stand, durationMs) {
    const wish = { body: plainKilobyte, connections: 256, durationMs, ratePerSecond: 2_000 }
    const run = await stand.deliver(wish)
    return { ...latencyFigures(run.load.latenciesUs), ...costFigures(run) }
  },
}
