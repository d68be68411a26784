// Installs the programs of Debian that tests run against: `npm run services -- nginx caddy`; without names, all of them.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

interface Service {
  readonly packages: readonly string[]
  /** How to see that it is there: the name of a program, or the pattern of a file. */
  readonly shownBy: string
}

const services = {
  caddy: { packages: ['caddy'], shownBy: 'caddy' },
  chromium: { packages: ['chromium'], shownBy: 'chromium' },
  go: { packages: ['golang-go'], shownBy: 'go' },
  libfaketime: { packages: ['libfaketime'], shownBy: '/usr/lib/*/faketime/libfaketime.so.1' },
  nginx: { packages: ['nginx'], shownBy: 'nginx' },
  pgbouncer: { packages: ['pgbouncer'], shownBy: 'pgbouncer' },
  php: { packages: ['php-cli'], shownBy: 'php' },
  postgresql: { packages: ['postgresql'], shownBy: '/usr/lib/postgresql/*/bin/postgres' },
  python: { packages: ['python3'], shownBy: 'python3' },
  rabbitmq: { packages: ['rabbitmq-server'], shownBy: 'rabbitmq-server' },
  redis: { packages: ['redis-server'], shownBy: 'redis-server' },
  systemd: { packages: ['systemd'], shownBy: 'systemd-analyze' },
} as const satisfies Readonly<Record<string, Service>>

export type ServiceName = keyof typeof services

/** An ordinary user's PATH lacks the last two, where Debian has its servers. */
const programDirectories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
const policyFile = '/usr/sbin/policy-rc.d'

/** The path of the service's program or file; null: it is not installed. */
export function locateService(name: ServiceName): string | null {
  const { shownBy } = services[name]
  if (shownBy.startsWith('/')) return fs.globSync(shownBy)[0] ?? null
  const candidates = programDirectories.map((directory) => path.join(directory, shownBy))
  return candidates.find((candidate) => fs.existsSync(candidate)) ?? null
}

if (import.meta.main) {
  try {
    installServices(chooseNames(process.argv.slice(2)))
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}

function chooseNames(words: readonly string[]): readonly ServiceName[] {
  const known = Object.keys(services)
  const unknown = words.filter((word) => !known.includes(word))
  if (unknown.length > 0)
    throw new Error(`There is no service ${unknown.join(', ')}; known are ${known.join(', ')}.`)
  return (words.length > 0 ? words : known) as readonly ServiceName[]
}

export function installServices(names: readonly ServiceName[]): void {
  const missing = names.filter((name) => locateService(name) === null)
  if (missing.length === 0) return
  const packages = missing.flatMap((name) => services[name].packages)
  console.error(`Installing ${packages.join(', ')} from Debian (once) ...`)
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const apt = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-y']
  withoutStarts(() => {
    run([...apt, 'update'])
    run([...apt, 'install', '--no-install-recommends', ...packages])
  })
  const absent = missing.filter((name) => locateService(name) === null)
  if (absent.length > 0) throw new Error(`Installed, but still not found: ${absent.join(', ')}.`)
}

/** Tests start the servers themselves, on ports of their own; none is to run because it was installed. */
function withoutStarts(install: () => void): void {
  const mayWrite = process.getuid?.() === 0 && !fs.existsSync(policyFile)
  if (mayWrite) fs.writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    install()
  } finally {
    if (mayWrite) fs.rmSync(policyFile)
  }
}

function run([command = '', ...args]: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  const output = (error?.message ?? stderr + stdout).trim().split('\n').slice(-10).join('\n')
  throw new Error(
    `\`${[command, ...args].join(' ')}\` failed; it needs Debian or Ubuntu, and root or sudo without a password. ` +
      `Install the packages yourself and run the same command again.\n${output}`,
  )
}
