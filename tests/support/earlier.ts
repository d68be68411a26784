import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..', '..')
const git = (...args: readonly string[]): Buffer =>
  execFileSync('git', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 })

/** Why there is no such commit here, for `test(…, { skip })`. A clone without its history fails continuous integration. */
export function whyMissing(commit: string): string | false {
  if (!fs.existsSync(path.join(root, '.git'))) return 'this is no clone, so there is no earlier commit'
  try {
    git('cat-file', '-e', `${commit}^{commit}`)
    return false
  } catch {
    const reason = `the commit ${commit.slice(0, 7)} is not in this clone; \`git fetch --unshallow\` brings it`
    assert.ok(!process.env['CI'], reason)
    return reason
  }
}

/** The hub as it was at `commit`, in a directory of its own. */
export function checkOut(commit: string): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-earlier-'))
  const archive = git('archive', commit, 'package.json', 'packages/hub')
  execFileSync('tar', ['-x', '-C', directory], { input: archive })
  assertSameDependencies(directory)
  for (const modules of ['node_modules', 'packages/hub/node_modules'])
    if (fs.existsSync(path.join(root, modules)))
      fs.symlinkSync(path.join(root, modules), path.join(directory, modules))
  return directory
}

/** What is installed here serves the earlier hub too as long as it asks for nothing else than this one does. */
function assertSameDependencies(directory: string): void {
  const [earlier, present] = [directory, root].map(dependenciesAt)
  for (const [name, range] of Object.entries(earlier ?? {}))
    assert.equal(range, present?.[name], `the earlier hub needs another ${name}: name a later commit`)
}

function dependenciesAt(directory: string): Readonly<Record<string, string>> {
  const manifest = fs.readFileSync(path.join(directory, 'packages', 'hub', 'package.json'), 'utf8')
  return JSON.parse(manifest).dependencies
}
