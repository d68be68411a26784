import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { Sink } from '../support/sink.ts'

const root = path.resolve(import.meta.dirname, '..', '..')
const guides = ['README.md', ...fs.globSync('docs/guides/*.md', { cwd: root }).toSorted()]

const dataDir = newDataDir()
const hub = new HubProcess(dataDir, { by: 'node' })
const sink = await Sink.start()
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-docs-'))
let url = ''

before(async () => {
  url = await hub.ready()
  await fetch(`${url}/v1/events?source=hello&type=hello.world`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fs.readFileSync(path.join(dataDir, 'admin-key'), 'utf8').trim()}` },
    body: '{}',
  })
  // What `npx hub` runs in a clone, without asking npm for it each time.
  const npx = path.join(directory, 'bin', 'npx')
  fs.mkdirSync(path.dirname(npx))
  fs.writeFileSync(
    npx,
    `#!/bin/sh\nshift\nexec '${process.execPath}' '${root}/packages/hub/bin/hub.js' "$@"\n`,
    {
      mode: 0o755,
    },
  )
})

after(async () => {
  await hub.killEverything()
  await sink.stop()
  removeDataDirs()
  fs.rmSync(directory, { recursive: true })
})

interface Block {
  readonly text: string
  /** It goes on until Ctrl-C. */
  readonly isEndless: boolean
}

function blocksOf(guide: string): readonly Block[] {
  const text = fs.readFileSync(path.join(root, guide), 'utf8')
  return [...text.matchAll(/^```sh( background)?\n([^]*?)^```$/gm)]
    .map(([, background, block = '']) => ({
      text: block.replaceAll(/^npm .*$/gm, '').trim(),
      isEndless: background !== undefined,
    }))
    .filter(({ text: block }) => block !== '')
}

/** All of a guide in one shell, as a reader would type it; the addresses are those of this test. */
function scriptOf(blocks: readonly Block[]): string {
  const lines = blocks.map(({ text, isEndless }, index) => {
    if (!isEndless) return text
    const log = `endless-${index}.log`
    return `${text} > ${log} 2>&1 & pids="$pids $!"\nuntil [ -s ${log} ]; do sleep 0.05; done`
  })
  const script = [
    'set -euo pipefail',
    'pids=""',
    ...lines,
    'for pid in $pids; do kill "$pid"; wait "$pid"; done',
  ]
  return script
    .join('\n')
    .replaceAll('http://127.0.0.1:8080', url)
    .replaceAll('http://127.0.0.1:3000', sink.url)
}

suite('every command of the guides works', () => {
  for (const guide of guides) {
    test(guide, async () => {
      const cwd = fs.mkdtempSync(path.join(directory, 'reader-'))
      fs.symlinkSync(dataDir, path.join(cwd, '.hub'))
      const blocks = blocksOf(guide)
      assert.ok(blocks.length > 0)
      const { HUB_DATA_DIR: _dataDir, HUB_PORT: _port, ...env } = process.env
      const ran = promisify(execFile)('bash', ['--norc', '-c', scriptOf(blocks)], {
        cwd,
        env: { ...env, PATH: `${directory}/bin:${path.dirname(process.execPath)}:${process.env['PATH']}` },
        timeout: 60_000,
      })
      await ran.catch((error: { stdout: string; stderr: string }) =>
        assert.fail(`${guide} fails: ${error.stdout}${error.stderr}`),
      )
    })
  }
})

/** They run for long or install; the tests of each, and continuous integration itself, run them. */
test('the npm scripts that the guides name exist', () => {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  for (const guide of guides) {
    const text = fs.readFileSync(path.join(root, guide), 'utf8')
    for (const [, , name = ''] of text.matchAll(/^npm (run )?([a-z:-]+)/gm))
      assert.ok(Object.hasOwn(scripts, name), `${guide}: npm run ${name}`)
  }
})

test('the guides name no command that does not exist', async () => {
  const { commands } = await import('../../packages/hub/src/cli/commands/index.ts')
  const names = new Set(commands.flatMap(({ name }) => [name, name.split(' ')[0]]))
  for (const guide of guides) {
    const text = fs.readFileSync(path.join(root, guide), 'utf8')
    for (const [, word] of text.matchAll(/npx hub ([a-z]+)/g))
      assert.ok(names.has(word), `${guide}: npx hub ${word}`)
  }
})
