import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const script = path.join(import.meta.dirname, 'outage.long.ts')

// Seen to fail with: a probe that takes nothing from the rate; probes that found it down counted.
test('an hour with an open circuit uses up no attempts, poison ends by its policy, and the rate holds after it', async () => {
  // In a process of its own, because its clock is no longer the world's.
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--minutes', '60'])
  assert.match(stdout, /as it should be/)
})
