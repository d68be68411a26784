import { execFile } from 'node:child_process'
import fs from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CannotStart } from '../core/cannot-start.ts'

/** Signals that end a server, each with the time it gets: a fast shutdown writes a checkpoint, the others don't. */
export const shutdownSteps = [
  { signal: 'SIGINT', graceMs: 60_000 },
  { signal: 'SIGQUIT', graceMs: 5_000 },
  { signal: 'SIGKILL', graceMs: 5_000 },
] as const

const pollMs = 20

/**
 * Clears what an earlier server left in `clusterDir`: ends it if it still runs (its hub was killed), else makes sure
 * that a dead one's traces don't keep a new one from starting. The caller holds the lock of the data directory.
 */
export async function clearOrphan(clusterDir: string): Promise<void> {
  const pidFile = path.join(clusterDir, 'postmaster.pid')
  const content = await fs.readFile(pidFile, 'utf8').catch(() => null)
  if (content === null) return
  const pid = Number.parseInt(content, 10)
  if (Number.isNaN(pid)) return fs.rm(pidFile)
  if (await isServerOf(pid, clusterDir)) return stopServer(pid, clusterDir)
  // The pid may be somebody else's by now, or a zombie's, and PostgreSQL would take either for a running server. It
  // ignores its own parent's pid, and still finds out whether a process of the old server uses the shared memory.
  await fs.writeFile(pidFile, content.replace(/^\d+/, String(process.pid)))
  for (const name of await fs.readdir(clusterDir))
    if (name.startsWith('.s.PGSQL.')) await fs.rm(path.join(clusterDir, name), { force: true })
}

async function stopServer(pid: number, clusterDir: string): Promise<void> {
  for (const { signal, graceMs } of shutdownSteps) {
    send(pid, signal, clusterDir)
    for (let waitedMs = 0; waitedMs < graceMs; waitedMs += pollMs) {
      if (!(await isServerOf(pid, clusterDir))) return
      await sleep(pollMs)
    }
  }
  throw new CannotStart(
    `An old PostgreSQL (pid ${pid}) still runs in ${clusterDir} and can't be ended; end it yourself.`,
  )
}

function send(pid: number, signal: NodeJS.Signals, clusterDir: string): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
    throw new CannotStart(
      `An old PostgreSQL (pid ${pid}) of another user still runs in ${clusterDir}; end it, or start the hub as that user.`,
    )
  }
}

async function isServerOf(pid: number, clusterDir: string): Promise<boolean> {
  return (await commandLine(pid)).includes(`/postgres -D ${clusterDir} `)
}

/** Of a process that runs; a zombie has none. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const line = await fs.readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return line.replaceAll('\0', ' ')
  }
  const ps = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => null)
  return ps?.stdout ?? ''
}
