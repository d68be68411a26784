import fs from 'node:fs'

/** Memory of a process in megabytes, what it shares with others included; null where there is no /proc. */
export function residentMbOf(pid: number): number | null {
  return readMb(`/proc/${pid}/status`, 'VmRSS')
}

/** The same, but of what several processes share each is given its part: their sum is what they take together. */
export function proportionalMbOf(pid: number): number | null {
  return readMb(`/proc/${pid}/smaps_rollup`, 'Pss')
}

function readMb(file: string, field: string): number | null {
  try {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(fs.readFileSync(file, 'latin1'))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) / 1_024
  } catch {
    return null
  }
}
