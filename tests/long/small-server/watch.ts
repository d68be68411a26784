import fs from 'node:fs'
import path from 'node:path'
import { cpuMsOf, cpuMsOfFamily, familyOf } from '../../../bench/cpu.ts'
import { proportionalMbOf } from '../../../bench/memory.ts'
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
  const postgres = hub.postgresPid
  const sharesMb = familyOf(postgres).map((pid) => proportionalMbOf(pid) ?? 0)
  return {
    hubMb: proportionalMbOf(hub.pid) ?? 0,
    postgresMb: sharesMb.reduce((sum, megabytes) => sum + megabytes, 0),
    diskMb: diskBytes(hub.dataDir) / megabyte,
    logMb: fs.statSync(hub.outputFile).size / megabyte,
    cpuMs: (cpuMsOf(hub.pid) ?? 0) + (cpuMsOfFamily(postgres) ?? 0),
  }
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
