import fs from 'node:fs'
import path from 'node:path'
import { cpuMsOf, cpuMsOfFamily } from '../../../bench/cpu.ts'
import type { HubProcess } from '../../../bench/subjects/hub-process.ts'

/** What the hub and its PostgreSQL use of the machine at one moment. */
export interface Usage {
  readonly hubMb: number
  /** Shared memory counts once. */
  readonly postgresMb: number
  readonly diskMb: number
  readonly logMb: number
  readonly cpuMs: number
}

const megabyte = 1024 * 1024

export function measureUsage(hub: HubProcess): Usage {
  const postgres = Number.parseInt(
    fs.readFileSync(path.join(hub.dataDir, 'postgres', 'postmaster.pid'), 'utf8'),
    10,
  )
  const familyMb = [postgres, ...childrenOf(postgres)].reduce((sum, pid) => sum + proportionalMb(pid), 0)
  return {
    hubMb: proportionalMb(hub.pid),
    postgresMb: familyMb,
    diskMb: diskBytes(hub.dataDir) / megabyte,
    logMb: fs.statSync(hub.outputFile).size / megabyte,
    cpuMs: (cpuMsOf(hub.pid) ?? 0) + (cpuMsOfFamily(postgres) ?? 0),
  }
}

function childrenOf(pid: number): readonly number[] {
  const text = readOr(`/proc/${pid}/task/${pid}/children`)
  return text.split(' ').filter(Boolean).map(Number)
}

/** Resident memory, with what several processes share divided between them. */
function proportionalMb(pid: number): number {
  return Number(/^Pss: +(\d+) kB$/m.exec(readOr(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024
}

/** What comes and goes meanwhile is not there. */
function diskBytes(directory: string): number {
  let bytes = 0
  for (const entry of readDirectory(directory)) {
    const place = path.join(directory, entry.name)
    if (entry.isDirectory()) bytes += diskBytes(place)
    else bytes += (fs.statSync(place, { throwIfNoEntry: false })?.blocks ?? 0) * 512
  }
  return bytes
}

function readDirectory(directory: string): readonly fs.Dirent[] {
  try {
    return fs.readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}

function readOr(file: string, otherwise = ''): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}
