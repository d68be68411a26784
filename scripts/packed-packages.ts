// The packages of this repository as npm would publish them, for tests that use them as applications do.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = path.resolve(import.meta.dirname, '..')
const cache = path.join(root, 'node_modules/.cache/packed-packages')
const lock = `${cache}.lock`
const lockOutdatedAfterMs = 300_000

export const publishedPackages = ['client', 'outbox', 'nestjs'] as const
export type PublishedPackage = (typeof publishedPackages)[number]

/** The tarball of each package; built once for each state of their sources, whoever asks. */
export async function packPackages(): Promise<Record<PublishedPackage, string>> {
  const directory = path.join(cache, fingerprint())
  if (!fs.existsSync(directory)) await locked(() => pack(directory))
  const tarballs = publishedPackages.map((name) => [name, path.join(directory, `${name}.tgz`)])
  return Object.fromEntries(tarballs) as Record<PublishedPackage, string>
}

/** Puts the packages where an application in this directory finds them, beside what it has installed. */
export async function installPackedPackages(directory: string): Promise<void> {
  const tarballs = await packPackages()
  for (const name of publishedPackages) {
    const target = path.join(directory, 'node_modules/@integration-hub', name)
    fs.rmSync(target, { recursive: true, force: true })
    fs.mkdirSync(target, { recursive: true })
    run('tar', ['--extract', '--strip-components=1', '--directory', target, '--file', tarballs[name]], root)
  }
}

/** Installs what the lockfile of an application says, if it is not there yet. */
export function installLocked(directory: string): void {
  const lockfile = fs.readFileSync(path.join(directory, 'package-lock.json'), 'utf8')
  const stamp = path.join(directory, 'node_modules/.installed-lockfile')
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === lockfile) return
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], directory)
  fs.writeFileSync(stamp, lockfile)
}

/** What the usual inspectors of packages say; throws when they complain. */
export function inspectPackage(tarball: string): void {
  const inspect = (name: string, ...command: readonly string[]): string =>
    run('npm', ['exec', '--yes', `--package=${name}`, '--', ...command, tarball], root)
  console.log(inspect('publint@0.3', 'publint', 'run', '--strict'))
  console.log(inspect('@arethetypeswrong/cli@0.18', 'attw', '--format', 'table-flipped'))
}

function pack(directory: string): void {
  if (fs.existsSync(directory)) return
  const unfinished = `${directory}.unfinished`
  fs.rmSync(unfinished, { recursive: true, force: true })
  fs.mkdirSync(unfinished, { recursive: true })
  for (const name of publishedPackages) {
    const at = path.join(root, 'packages', name)
    // The number of the file's version is of no use here.
    const [packed] = JSON.parse(
      run('npm', ['pack', '--json', '--silent', '--pack-destination', unfinished], at),
    ) as [{ filename: string }]
    fs.renameSync(path.join(unfinished, packed.filename), path.join(unfinished, `${name}.tgz`))
  }
  fs.renameSync(unfinished, directory)
}

function fingerprint(): string {
  const hash = createHash('sha256')
  const files = fs.globSync(['packages/{client,outbox,nestjs}/{package.json,tsconfig*.json,src/**/*.ts}'], {
    cwd: root,
  })
  for (const file of files.toSorted()) hash.update(file).update(fs.readFileSync(path.join(root, file)))
  return hash.digest('hex').slice(0, 20)
}

/** Building writes into the packages, so one at a time. */
async function locked(work: () => void): Promise<void> {
  fs.mkdirSync(cache, { recursive: true })
  while (!tryLock()) await sleep(100)
  try {
    work()
  } finally {
    fs.rmdirSync(lock)
  }
}

function tryLock(): boolean {
  try {
    fs.mkdirSync(lock)
    return true
  } catch {
    const sinceMs = fs.statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - sinceMs > lockOutdatedAfterMs) fs.rmSync(lock, { recursive: true, force: true })
    return false
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
