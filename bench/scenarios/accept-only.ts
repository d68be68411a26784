import { acceptedPerSecond, costFigures, latencyFigures } from '../figures.ts'
import { plainKilobyte, type Scenario } from './scenario.ts'

const rate = { figure: 'acceptedPerSecond', unit: '/s', better: 'higher' } as const
const ratios = [
  { ...rate, dividedBy: 'floor', must: 0.6, aim: 0.9 },
  { ...rate, dividedBy: 'floor-by-hand', must: null, aim: null },
] as const

/** Events that no integration wants. */
export const acceptOnly: Scenario = {
  name: 'accept-only',
  subjects: ['floor', 'floor-by-hand', 'hub'],
  requirements: ratios.map((ratio) => ({
    ...ratio,
    what: `accept only, 64 connections ÷ ${ratio.dividedBy}`,
  })),
  async measure(stand, durationMs) {
    const run = await stand.keep({ body: plainKilobyte, connections: 64, durationMs, ratePerSecond: null })
    return {
      acceptedPerSecond: acceptedPerSecond(run.load),
      ...latencyFigures(run.load.latenciesUs),
      ...costFigures(run),
    }
  },
}
