import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import { CannotStart } from '../core/cannot-start.ts'
import type { Binaries } from './binaries.ts'
import { startFailure } from './failure.ts'
import { collect, type Launcher } from './launcher.ts'

const role = 'hub'
const databaseName = 'hub'

/** Everyone comes with a password, and nobody as superuser: not over the socket, not over the network. */
const accessRules = `local all ${role} scram-sha-256\nhost all ${role} 127.0.0.1/32 scram-sha-256\n`
const passwordFile = 'hub.password'
const unfinishedPrefix = 'postgres.unfinished-'

export interface ClusterOptions {
  readonly dataDir: string
  readonly clusterDir: string
  readonly binaries: Binaries
  readonly launcher: Launcher
  readonly disposable: boolean
  readonly signal: AbortSignal
}

/** Makes the cluster (PostgreSQL's word for a data directory) unless it is there, and gives the password of its role. */
export async function prepareCluster(options: ClusterOptions): Promise<string> {
  const { clusterDir, launcher } = options
  const made = await fs.readFile(path.join(clusterDir, 'PG_VERSION'), 'utf8').catch(() => null)
  if (made === null) await makeCluster(options)
  else checkMajor(clusterDir, Number(made), launcher.postgresMajor)
  return readPassword(clusterDir)
}

export async function readPassword(clusterDir: string): Promise<string> {
  return (await fs.readFile(path.join(clusterDir, passwordFile), 'utf8')).trim()
}

/** `host` is a socket's directory, encoded, or an address with its port. */
export function connectionUrl(host: string, password: string): string {
  return `postgres://${role}:${password}@${host}/${databaseName}`
}

function checkMajor(clusterDir: string, madeBy: number, brought: number): void {
  if (madeBy === brought) return
  const remedy =
    madeBy > brought
      ? 'start the newer hub that made it'
      : 'back it up with the older hub that made it (`hub backup`), restore that into an empty directory'
  throw new CannotStart(
    `${clusterDir} was made by PostgreSQL ${madeBy}, and this hub brings PostgreSQL ${brought}; ${remedy}, ` +
      'or set HUB_DATA_DIR to another directory.',
  )
}

/** Made aside and renamed when complete, so that a start killed in the middle leaves nothing that looks like data. */
async function makeCluster(options: ClusterOptions): Promise<void> {
  const { dataDir, clusterDir, launcher } = options
  await removeUnfinished(dataDir)
  const unfinished = await fs.mkdtemp(path.join(dataDir, unfinishedPrefix))
  try {
    if (launcher.identity) await fs.chown(unfinished, launcher.identity.uid, launcher.identity.gid)
    await initialize(options, unfinished)
    await fs.rename(unfinished, clusterDir)
  } catch (error) {
    await fs.rm(unfinished, { recursive: true, force: true })
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    throw new CannotStart(
      `${clusterDir} is there but holds no PostgreSQL data; move it away, or set HUB_DATA_DIR to another directory.`,
    )
  }
}

async function initialize(options: ClusterOptions, dir: string): Promise<void> {
  const { binaries, disposable } = options
  const password = randomBytes(24).toString('base64url')
  await run(options, binaries.initdb, [
    ...['-D', dir, '--username=postgres', '--auth=reject', '--encoding=UTF8'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(disposable ? ['--no-sync'] : []),
  ])
  await fs.writeFile(path.join(dir, 'pg_hba.conf'), accessRules)
  await fs.writeFile(path.join(dir, passwordFile), `${password}\n`, { mode: 0o600, flush: true })
  // Single-user mode listens nowhere: the superuser needs no password, and nobody can come first.
  await run(
    options,
    binaries.postgres,
    ['--single', '-D', dir, '-c', 'exit_on_error=on', ...(disposable ? ['-F'] : []), 'postgres'],
    `create role ${role} login ${disposable ? 'createdb' : ''} password '${password}';\n` +
      `create database ${databaseName} owner ${role};\n`,
  )
}

async function run(
  options: ClusterOptions,
  binary: string,
  args: readonly string[],
  input = '',
): Promise<void> {
  options.signal.throwIfAborted()
  const child = options.launcher.spawn(binary, args, 'pipe')
  const interrupt = (): void => void child.kill('SIGINT')
  options.signal.addEventListener('abort', interrupt)
  // A program that ends early closes its input; what it printed says why.
  child.stdin?.on('error', () => {}).end(input)
  const { code, output } = await collect(child)
  options.signal.removeEventListener('abort', interrupt)
  options.signal.throwIfAborted()
  if (code !== 0) throw startFailure(options.dataDir, output)
}

async function removeUnfinished(dataDir: string): Promise<void> {
  for (const name of await fs.readdir(dataDir))
    if (name.startsWith(unfinishedPrefix))
      await fs.rm(path.join(dataDir, name), { recursive: true, force: true })
}
