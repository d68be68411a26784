import { acceptedPerSecond, costFigures, latencyFigures } from '../figures.ts'
import { plainKilobyte, type Scenario } from './scenario.ts'

/** Events that no integration wants. */
export const acceptOnly: Scenario = {
  name: 'accept-only',
  subjects: ['floor', 'hub'],
  requirements: [
    {
      what: 'accept only, 64 connections ÷ floor',
      figure: 'acceptedPerSecond',
      unit: '/s',
      dividedBy: 'floor',
      better: 'higher',
      must: 0.6,
      aim: 0.9,
    },
  ],
  async measure(stand, durationMs) {
    const run = await stand.keep({ body: plainKilobyte, connections: 64, durationMs, ratePerSecond: null })
    return {
      acceptedPerSecond: acceptedPerSecond(run.load),
      ...latencyFigures(run.load.latenciesUs),
      ...costFigures(run),
    }
  },
}
