import { cpuMsOf, cpuMsOfFamily, cpuMsOfGroup, machineCpuMs } from './cpu.ts'

/** What of a run uses CPU time, and where to read it. */
export interface Consumers {
  readonly subject: readonly number[]
  readonly store: number
  /** A process group; null: there is none. */
  readonly broker: number | null
  readonly load: number
  readonly sink: number
}

export type Part = keyof Consumers

/** Milliseconds of CPU time, null where there is no such part, or the system doesn't tell. */
export type CpuMs = Readonly<Record<Part, number | null>>

export interface Cost {
  readonly cpuMs: CpuMs
  /** The part of the machine that all other processes used meanwhile. */
  readonly othersShare: number | null
}

/** Begins to count; what it returns tells what was spent since then. */
export function countCost(consumers: Consumers): () => Cost {
  const before = readCpuMs(consumers)
  const machineBefore = machineCpuMs()
  return () => {
    const cpuMs = subtract(readCpuMs(consumers), before)
    const machine = machineCpuMs()
    if (!machine || !machineBefore) return { cpuMs, othersShare: null }
    const ownMs = Object.values(cpuMs).reduce<number>((sum, spentMs) => sum + (spentMs ?? 0), 0)
    const othersMs = machine.busyMs - machineBefore.busyMs - ownMs
    return { cpuMs, othersShare: Math.max(0, othersMs) / (machine.totalMs - machineBefore.totalMs) }
  }
}

function readCpuMs({ subject, store, broker, load, sink }: Consumers): CpuMs {
  return {
    subject: sumOf(subject.map(cpuMsOf)),
    store: cpuMsOfFamily(store),
    broker: broker === null ? null : cpuMsOfGroup(broker),
    load: cpuMsOf(load),
    sink: cpuMsOf(sink),
  }
}

function sumOf(all: readonly (number | null)[]): number | null {
  return all.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0)
}

function subtract(after: CpuMs, before: CpuMs): CpuMs {
  const spent = (part: Part): number | null => {
    const [from, to] = [before[part], after[part]]
    return from === null || to === null ? null : to - from
  }
  return {
    subject: spent('subject'),
    store: spent('store'),
    broker: spent('broker'),
    load: spent('load'),
    sink: spent('sink'),
  }
}
