import { latencyFigures } from '../figures.ts'
import { plainKilobyte, type Scenario } from './scenario.ts'

const neighbourCount = 20
/**
 * Eight seconds become a minute: what hangs is given up after 15 seconds and probed from then on, and a look at part of
 * that shows either nothing of it or almost nothing else.
 */
const wholeStory = 7.5

/** What a healthy target feels of others that want the same events and hang. */
export const isolation: Scenario = {
  name: 'isolation',
  subjects: ['hub'],
  requirements: [
    {
      what: `p99 of a healthy target beside ${neighbourCount} that hang ÷ alone, 100/s`,
      figure: 'besideOverAlone',
      unit: '',
      dividedBy: null,
      better: 'lower',
      must: 1.3,
      aim: 1.1,
    },
  ],
  async measure(stand, durationMs) {
    const { neighbours } = stand.subject
    if (!neighbours) throw new Error(`${stand.name} does not keep targets apart`)
    const wish = {
      body: plainKilobyte,
      connections: 64,
      durationMs: durationMs * wholeStory,
      ratePerSecond: 100,
    }
    const alone = latencyFigures((await stand.deliver(wish)).sink.latenciesUs)
    await neighbours.start(neighbourCount)
    const beside = latencyFigures((await stand.arrive(wish)).sink.latenciesUs)
    await neighbours.stop()
    await stand.settle()
    return {
      aloneP99Ms: alone['p99Ms'] ?? null,
      besideP99Ms: beside['p99Ms'] ?? null,
      besideOverAlone: (beside['p99Ms'] ?? NaN) / (alone['p99Ms'] ?? NaN),
    }
  },
}
