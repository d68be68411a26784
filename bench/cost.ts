import { cpuMsOf, cpuMsOfFamily, machineCpuMs } from './cpu.ts'

const parts = ['subject', 'store', 'load', 'sink'] as const
export type Part = (typeof parts)[number]

/** Milliseconds of CPU time, null where the system doesn't tell. */
export type CpuMs = Readonly<Record<Part, number | null>>

export interface Cost {
  readonly cpuMs: CpuMs
  /** The part of the machine that all other processes used meanwhile. */
  readonly othersShare: number | null
}

/** Begins to count; what it returns tells what was spent since then. */
export function countCost(pids: Readonly<Record<Part, number>>): () => Cost {
  const before = readCpuMs(pids)
  const machineBefore = machineCpuMs()
  return () => {
    const cpuMs = subtract(readCpuMs(pids), before)
    const machine = machineCpuMs()
    if (!machine || !machineBefore) return { cpuMs, othersShare: null }
    const ownMs = parts.reduce((sum, part) => sum + (cpuMs[part] ?? 0), 0)
    const othersMs = machine.busyMs - machineBefore.busyMs - ownMs
    return { cpuMs, othersShare: Math.max(0, othersMs) / (machine.totalMs - machineBefore.totalMs) }
  }
}

function readCpuMs(pids: Readonly<Record<Part, number>>): CpuMs {
  return {
    subject: cpuMsOf(pids.subject),
    store: cpuMsOfFamily(pids.store),
    load: cpuMsOf(pids.load),
    sink: cpuMsOf(pids.sink),
  }
}

function subtract(after: CpuMs, before: CpuMs): CpuMs {
  const spent = (part: Part): number | null => {
    const [from, to] = [before[part], after[part]]
    return from === null || to === null ? null : to - from
  }
  return { subject: spent('subject'), store: spent('store'), load: spent('load'), sink: spent('sink') }
}
