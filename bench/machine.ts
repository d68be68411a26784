import { execFileSync } from 'node:child_process'
import os from 'node:os'

/** What a run was measured on: figures mean nothing without it. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryMb: number
  readonly kernel: string
  readonly node: string
  /** What the subjects keep their events in. */
  readonly stores: string
  readonly commit: string
}

export function describeMachine(stores: ReadonlySet<string>): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryMb: Math.round(os.totalmem() / 1024 / 1024),
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    stores: [...stores].join(', '),
    commit: currentCommit(),
  }
}

function currentCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    }).trim()
  } catch {
    return 'unknown'
  }
}
