import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMsOf, cpuMsOfFamily, familyOf } from '../cpu.ts'
import { proportionalMbOf, residentMbOf } from '../memory.ts'
import type { Figures } from '../scenarios/scenario.ts'
import type { Sizes } from '../sizes.ts'
import { HubProcess } from '../subjects/hub-process.ts'
import type { Trial } from './trial.ts'

/** Until the garbage of the start is collected, which V8 does within the first minute. */
const settleMs = 60_000

/** A new installation that nobody uses: the hub and the PostgreSQL that it brings along. */
export function idle({ idleSeconds }: Sizes): Trial {
  const shared = { unit: '', dividedBy: null, better: 'lower' } as const
  return {
    name: 'idle',
    requirements: [
      {
        ...shared,
        what: 'idle, memory of hub and PostgreSQL',
        figure: 'memoryMb',
        unit: ' MB',
        must: 250,
        aim: 150,
      },
      {
        ...shared,
        what: 'idle, CPU of hub and PostgreSQL',
        figure: 'cpuPercent',
        unit: ' %',
        must: 1,
        aim: 1,
      },
    ],
    async measure() {
      const hub = await HubProcess.start({ databaseUrl: null, nodeArguments: [] })
      try {
        await sleep(settleMs)
        return await watch(hub, idleSeconds)
      } finally {
        await hub.stop()
      }
    },
  }
}

async function watch(hub: HubProcess, seconds: number): Promise<Figures> {
  const postmaster = hub.postgresPid
  const cpuMs = (): number[] => [cpuMsOf(hub.pid) ?? NaN, cpuMsOfFamily(postmaster) ?? NaN]
  const beforeMs = cpuMs()
  await sleep(seconds * 1_000)
  const percents = cpuMs().map((afterMs, index) => (afterMs - (beforeMs[index] ?? NaN)) / seconds / 10)
  const [hubPercent = NaN, databasePercent = NaN] = percents
  const pids = [hub.pid, ...familyOf(postmaster)]
  return {
    memoryMb: sum(pids.map(proportionalMbOf)),
    hubMb: proportionalMbOf(hub.pid),
    residentMb: sum(pids.map(residentMbOf)),
    hubResidentMb: residentMbOf(hub.pid),
    cpuPercent: hubPercent + databasePercent,
    hubCpuPercent: hubPercent,
  }
}

/** Null: the system doesn't tell. A backend may have ended meanwhile. */
function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}
