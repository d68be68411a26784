import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** One processor and a limit of memory, for a command and all that it starts. */
export interface Confinement {
  /** Put before the command. */
  readonly prefix: readonly string[]
  /** In words, for the report. */
  readonly memoryHeldBy: string
  /** Processes that the kernel ended because the limit was reached; null: only the samples watch it. */
  oomKills(): number | null
  release(): void
}

interface MemoryGroup {
  readonly directory: string
  readonly limitFile: string
  readonly eventsFile: string
}

export function confine(cpu: number, memoryBytes: number): Confinement {
  checkTools()
  const pinned = ['taskset', '-c', String(cpu)]
  const group = makeGroup(memoryBytes)
  if (!group) {
    return {
      prefix: pinned,
      memoryHeldBy: 'samples of what the processes use, which fail the run',
      oomKills: () => null,
      release: () => undefined,
    }
  }
  const join = `echo $$ > ${path.join(group.directory, 'cgroup.procs')} && exec "$@"`
  return {
    prefix: ['sh', '-c', join, 'sh', ...pinned],
    memoryHeldBy: `a control group with ${group.limitFile}`,
    oomKills: () =>
      Number(/^oom_kill (\d+)$/m.exec(read(path.join(group.directory, group.eventsFile)))?.[1] ?? 0),
    release: () => fs.rmdirSync(group.directory),
  }
}

/** This process and those that it starts from now on, the hub excepted: they must not use the hub's processor. */
export function stayOff(cpu: number): void {
  const others = Array.from({ length: os.cpus().length }, (_, index) => index).filter(
    (index) => index !== cpu,
  )
  execFileSync('taskset', ['-cpa', others.join(','), String(process.pid)], { stdio: 'ignore' })
}

function checkTools(): void {
  if (process.platform !== 'linux' || os.cpus().length < 2)
    throw new Error('This needs Linux and two processors: one for the hub, another for load and target.')
  execFileSync('taskset', ['--version'], { stdio: 'ignore' })
}

/** The memory controller of version 2, else that of version 1; null where this user may make no group. */
function makeGroup(memoryBytes: number): MemoryGroup | null {
  const name = `integration-hub-${process.pid}`
  const own = /^\d+:memory:(.*)$/m.exec(read('/proc/self/cgroup'))?.[1] ?? '/'
  const candidates: readonly MemoryGroup[] = [
    { directory: `/sys/fs/cgroup/${name}`, limitFile: 'memory.max', eventsFile: 'memory.events' },
    {
      directory: path.join('/sys/fs/cgroup/memory', own, name),
      limitFile: 'memory.limit_in_bytes',
      eventsFile: 'memory.oom_control',
    },
  ]
  return candidates.find((group) => isLimited(group, memoryBytes)) ?? null
}

function isLimited({ directory, limitFile }: MemoryGroup, memoryBytes: number): boolean {
  try {
    // Elsewhere than in the file system of control groups this would make an ordinary directory.
    if (!fs.existsSync(path.join(path.dirname(directory), 'cgroup.procs'))) return false
    fs.mkdirSync(directory)
  } catch {
    return false
  }
  try {
    fs.writeFileSync(path.join(directory, limitFile), String(memoryBytes))
    // What does not fit must not go to a swap that a small server does not have.
    for (const swap of ['memory.swap.max', 'memory.memsw.limit_in_bytes'])
      if (fs.existsSync(path.join(directory, swap)))
        fs.writeFileSync(path.join(directory, swap), swap === 'memory.swap.max' ? '0' : String(memoryBytes))
    return true
  } catch {
    fs.rmdirSync(directory)
    return false
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
