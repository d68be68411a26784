import type { Part } from './cost.ts'
import type { LoadReport } from './load/plan.ts'
import type { Figures } from './scenarios/scenario.ts'
import type { DeliveredRun, Run } from './stand.ts'
import { quantile } from './statistics.ts'

export function acceptedPerSecond({ accepted, startedUs, endedUs }: LoadReport): number {
  return (accepted / (endedUs - startedUs)) * 1_000_000
}

/** Until the last one arrived. */
export function deliveredPerSecond({ load, sink }: Pick<DeliveredRun, 'load' | 'sink'>): number {
  return (load.accepted / (sink.lastUs - load.startedUs)) * 1_000_000
}

/** From the first arrival to the last. */
export function drainedPerSecond({ sink }: Pick<DeliveredRun, 'sink'>): number {
  return (sink.count / (sink.lastUs - sink.arrivals.startUs)) * 1_000_000
}

/** Of a ledger's latencies, in milliseconds. */
export function latencyFigures(latenciesUs: Uint32Array): Figures {
  const sorted = latenciesUs.filter((latencyUs) => latencyUs > 0).toSorted()
  const at = (share: number): number => quantile(sorted, share) / 1_000
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}

/** What a thousand events cost each process, and how much of the machine others used meanwhile. */
export function costFigures({ load, cpuMs, othersShare }: Run): Figures {
  const perThousand = (part: Part): number | null => {
    const spentMs = cpuMs[part]
    return spentMs === null ? null : (spentMs / load.accepted) * 1_000
  }
  return {
    subjectCpuMs: perThousand('subject'),
    storeCpuMs: perThousand('store'),
    loadCpuMs: perThousand('load'),
    sinkCpuMs: perThousand('sink'),
    othersShare,
    notAccepted: load.latenciesUs.length - load.accepted,
  }
}
