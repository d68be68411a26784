import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'

export const root = path.resolve(import.meta.dirname, '..', '..')
export const run = path.join(root, 'examples', 'run.ts')

/** The story is told to its end, and has shown these requirements. */
export async function checkStory(name: string, requirements: string, timeoutMs = 200_000): Promise<void> {
  const ran = promisify(execFile)(process.execPath, [run, name], { cwd: root, timeout: timeoutMs })
  const { stdout } = await ran.catch((error: { stdout: string; stderr: string }) =>
    assert.fail(`${error.stdout}\n${error.stderr}`),
  )
  assert.ok(stdout.includes(`It all holds: ${requirements}.`), stdout)
}
