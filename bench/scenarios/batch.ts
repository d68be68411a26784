import { costFigures } from '../figures.ts'
import type { Run, Stand } from '../stand.ts'
import type { Scenario } from './scenario.ts'

/** The same CloudEvents, accepted 500 in a call and one in a call: how many for a second of CPU time. */
export const batch: Scenario = {
  name: 'batch',
  subjects: ['hub'],
  requirements: [
    {
      what: 'batch of 500 ÷ single calls, per CPU second',
      figure: 'batchOverSingles',
      unit: '×',
      dividedBy: null,
      better: 'higher',
      must: 2,
      aim: 4,
    },
  ],
  async measure(stand, durationMs) {
    const singles = await keep(stand, durationMs / 2, 1, 64)
    const batches = await keep(stand, durationMs / 2, 500, 4)
    const [single, batched] = [eventsPerCpuSecond(singles), eventsPerCpuSecond(batches)]
    return {
      singlesPerCpuSecond: single,
      batchedPerCpuSecond: batched,
      batchOverSingles: single === null || batched === null ? null : batched / single,
      ...costFigures(batches),
    }
  },
}

function keep(stand: Stand, durationMs: number, eventsPerCall: number, connections: number): Promise<Run> {
  const body = { kind: 'cloudevents', payloadBytes: 1_024, eventsPerCall } as const
  return stand.keep({ body, connections, durationMs, ratePerSecond: null })
}

/** Of the subject and its database; the generator's own work is not counted. */
function eventsPerCpuSecond({ load, cpuMs }: Run): number | null {
  if (cpuMs.subject === null || cpuMs.store === null) return null
  return (load.accepted / (cpuMs.subject + cpuMs.store)) * 1_000
}
