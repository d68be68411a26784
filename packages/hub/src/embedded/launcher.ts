import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { CannotStart } from '../core/cannot-start.ts'
import type { Binaries } from './binaries.ts'
import { canEnter, type Identity } from '../process/users.ts'

/** Starts PostgreSQL's programs as the right user, tied to the life of the hub where the system can do that. */
export interface Launcher {
  readonly identity: Identity | null
  /** The major version of what is started. */
  readonly postgresMajor: number
  spawn(binary: string, args: readonly string[], stdin: 'pipe' | 'ignore'): ChildProcess
}

/** What is put before a command, and the user that Node itself switches to. */
interface Manner {
  readonly prefix: readonly string[]
  readonly options: SpawnOptions
}

// Of util-linux. A hub that is killed takes its server along: the kernel sends SIGINT, a fast shutdown.
const setpriv = ['setpriv', '--pdeathsig=INT']

export async function createLauncher(
  binaries: Binaries,
  identity: Identity | null,
  dataDir: string,
): Promise<Launcher> {
  const places = [dataDir, path.dirname(binaries.postgres)]
  const obstacle = places.find((place) => identity && !canEnter(identity, place))
  if (identity) allowExecution(binaries)
  const refusals: string[] = []
  for (const manner of manners(identity, obstacle !== undefined)) {
    // A dry run shows whether the system has the tool, grants the capability, and can load the program.
    const { code, output } = await collect(launch(manner, binaries.postgres, ['--version'], 'ignore'))
    const version = /\(PostgreSQL\) (\d+)/.exec(output)?.[1]
    if (code === 0 && version) {
      return {
        identity,
        postgresMajor: Number(version),
        spawn: (binary, args, stdin) => launch(manner, binary, args, stdin),
      }
    }
    refusals.push(output.trim())
  }
  throw new CannotStart(explain(identity, obstacle, dataDir, refusals.at(-1) ?? ''))
}

function manners(identity: Identity | null, needsCapability: boolean): Manner[] {
  if (!identity) {
    return [
      { prefix: setpriv, options: {} },
      { prefix: [], options: {} },
    ]
  }
  const { uid, gid } = identity
  const switched = [...setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  // The secure bit is for access(2), by which PostgreSQL looks at its own programs: without the bit it ignores the
  // capabilities of whoever is not root.
  const capable = [
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
  ]
  if (needsCapability) return [{ prefix: [...switched, ...capable], options: {} }]
  return [
    { prefix: switched, options: {} },
    { prefix: [], options: { uid, gid } },
  ]
}

function launch(
  manner: Manner,
  binary: string,
  args: readonly string[],
  stdin: 'pipe' | 'ignore',
): ChildProcess {
  const [command = binary, ...rest] = [...manner.prefix, binary, ...args]
  return spawn(command, rest, {
    ...manner.options,
    cwd: '/',
    // Its own session: Ctrl-C in a terminal reaches the whole process group, and the server must outlive the hub's last
    // writes.
    detached: true,
    // Nothing of the hub's environment: it holds secrets, and PG* variables would steer the server.
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    stdio: [stdin, 'pipe', 'pipe'],
  })
}

/** Waits for the end of a program and gives all that it printed. */
export function collect(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    child.once('error', (error) => resolve({ code: null, output: error.message }))
    child.once('close', (code) => resolve({ code, output }))
  })
}

/** A strict umask at installation leaves programs that only root may execute; no capability helps with that. */
function allowExecution(binaries: Binaries): void {
  for (const binary of [binaries.initdb, binaries.postgres])
    if ((fs.statSync(binary).mode & 0o001) === 0) fs.chmodSync(binary, 0o755)
}

function explain(
  identity: Identity | null,
  obstacle: string | undefined,
  dataDir: string,
  refusal: string,
): string {
  if (!identity || obstacle === undefined)
    return `The embedded PostgreSQL can't be started (${refusal}); set DATABASE_URL to a PostgreSQL of your own.`
  const remedy =
    obstacle === dataDir
      ? 'set HUB_DATA_DIR to a directory that others may enter, such as /var/lib/integration-hub'
      : 'move the hub to a directory that others may enter, such as /opt'
  return (
    `PostgreSQL refuses to run as root, and its user ${identity.name} can't enter ${obstacle} here ` +
    `(${refusal}); ${remedy}, or start the hub as an ordinary user.`
  )
}
