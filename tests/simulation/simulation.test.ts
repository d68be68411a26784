import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const script = path.join(import.meta.dirname, 'simulation.long.ts')
const schedules = Number(process.env['HUB_TEST_SCHEDULES'] ?? 240)
/** One takes 0.7 seconds on a core of its own, and 3.5 on a slow and busy one. */
const timeout = 5 * 60_000 + schedules * 4_000

/** In a process of its own, because its clock is no longer the world's. */
async function play(seed: number, count: number): Promise<string> {
  const args = [script, '--seed', String(seed), '--schedules', String(count)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { encoding: 'utf8' })
  return stdout
}

// Seen to fail with: heads not looked for in the claim.
test(
  'whatever the order of events, and whatever breaks, what was accepted ends once and in order',
  { timeout },
  async () => {
    const half = Math.ceil(schedules / 2)
    for (const played of await Promise.all([play(1, half), play(1 + half, half)]))
      assert.match(played, / 0 failed, /)
  },
)

test('a schedule can be played again from its seed', async () => {
  const [first, second] = [await play(28, 2), await play(28, 2)]
  assert.match(first, / [1-9]\d* faults, 0 failed, digest [0-9a-f]{16}$/m)
  assert.equal(second, first)
})
