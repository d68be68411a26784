import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { checkStory, root, run } from './check-story.ts'

/** The requirements that each story has to have shown when it ends. */
const stories = {
  okdesk: 'H1, H2, H3, H4, H5, H6, H7, H8, H9, H11',
  shipping: 'O1, O2, O3, O4, O5',
} as const satisfies Readonly<Record<string, string>>

suite('the stories of the examples are true', () => {
  for (const [name, requirements] of Object.entries(stories)) {
    test(name, () => checkStory(name, requirements))
  }
})

test('an example that does not exist is told from those that do', async () => {
  const ran = promisify(execFile)(process.execPath, [run, 'okdsk'], { cwd: root })
  await assert.rejects(ran, { code: 2, stderr: /Say which example: .*npm run example okdesk/ })
})
