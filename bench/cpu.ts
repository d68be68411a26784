import fs from 'node:fs'

/** What Linux counts CPU time in, on every platform that Node runs on. */
const msPerTick = 10

interface ProcessTimes {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly ownTicks: number
  /** Of children that have ended. */
  readonly childTicks: number
}

/** CPU time in milliseconds that a process has used so far; null where there is no /proc. */
export function cpuMsOf(pid: number): number | null {
  const times = readTimes(pid)
  return times && times.ownTicks * msPerTick
}

/** Of a process with all its children, also those that have ended: a PostgreSQL with its backends. */
export function cpuMsOfFamily(pid: number): number | null {
  const parent = readTimes(pid)
  if (!parent) return null
  const children = readAll().filter((times) => times.parent === pid)
  const ticks = children.reduce((sum, child) => sum + child.ownTicks, parent.ownTicks + parent.childTicks)
  return ticks * msPerTick
}

/** Of all processes of a group, also of their children that have ended: a RabbitMQ with its shell and its helpers. */
export function cpuMsOfGroup(group: number): number | null {
  const members = readAll().filter((times) => times.group === group)
  if (members.length === 0) return null
  return members.reduce((sum, member) => sum + member.ownTicks + member.childTicks, 0) * msPerTick
}

/** CPU time that the whole machine has used so far, and what it could have used. */
export function machineCpuMs(): { readonly busyMs: number; readonly totalMs: number } | null {
  try {
    const [line = ''] = fs.readFileSync('/proc/stat', 'latin1').split('\n', 1)
    // user, nice, system, idle, waiting for a disk, interrupts, soft interrupts, stolen by the host; guests are counted as users.
    const ticks = line.trim().split(/ +/).slice(1, 9).map(Number)
    const total = ticks.reduce((sum, value) => sum + value, 0)
    const [idle = 0, waiting = 0] = ticks.slice(3, 5)
    return { busyMs: (total - idle - waiting) * msPerTick, totalMs: total * msPerTick }
  } catch {
    return null
  }
}

/** A process and its children. */
export function familyOf(pid: number): readonly number[] {
  return [pid, ...readAll().flatMap((times) => (times.parent === pid ? times.pid : []))]
}

function readAll(): readonly ProcessTimes[] {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => readTimes(Number(pid)) ?? [])
}

function readTimes(pid: number): ProcessTimes | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in parentheses, may hold anything.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [, parent = 0, group = 0] = fields
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15)
    return { pid, parent, group, ownTicks: user + system, childTicks: childUser + childSystem }
  } catch {
    return null
  }
}
