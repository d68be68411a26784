import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const at = (file: string): string => path.join(import.meta.dirname, file)

/** Installs what the hub and the outbox are measured against, unless what the lockfile says is there. */
export function installPeers(): void {
  if (modifiedMs('node_modules/.package-lock.json') >= modifiedMs('package-lock.json')) return
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** They are not installed when this is checked: the caller describes the part that it uses. */
export async function importPeer<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module
}

function modifiedMs(file: string): number {
  return fs.statSync(at(file), { throwIfNoEntry: false })?.mtimeMs ?? 0
}
