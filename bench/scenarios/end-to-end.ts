import { acceptedPerSecond, costFigures, latencyFigures } from '../figures.ts'
import { plainKilobyte, type Scenario } from './scenario.ts'

/** As many events as the connections can carry; the rate counts until the last one arrived. */
export function endToEnd(connections: number): Scenario {
  return {
    name: `end-to-end-${connections}`,
    subjects: ['floor', 'hub'],
    requirements: [
      {
        what: `end to end, ${connections} connections`,
        figure: 'deliveredPerSecond',
        unit: '/s',
        dividedBy: 'floor',
        better: 'higher',
        must: 0.6,
        aim: 0.9,
      },
    ],
    async measure(stand, durationMs) {
      const wish = { body: plainKilobyte, connections, durationMs, ratePerSecond: null }
      const run = await stand.deliver(wish)
      const { load, sink } = run
      return {
        deliveredPerSecond: (load.accepted / (sink.lastUs - load.startedUs)) * 1_000_000,
        acceptedPerSecond: acceptedPerSecond(load),
        ...latencyFigures(load.latenciesUs),
        ...costFigures(run),
      }
    },
  }
}
