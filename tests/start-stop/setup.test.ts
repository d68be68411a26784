import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, test } from 'node:test'

const script = path.resolve(import.meta.dirname, '..', '..', 'scripts', 'setup.mjs')
const directories: string[] = []

afterEach(() => {
  for (const dir of directories.splice(0)) fs.rmSync(dir, { recursive: true, force: true })
})

/** A clone with nothing but the script, and an npm that writes down its calls and then does as told. */
function newClone(npmDoes: string): string {
  const clone = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-setup-'))
  directories.push(clone)
  fs.mkdirSync(path.join(clone, 'packages', 'one'), { recursive: true })
  fs.mkdirSync(path.join(clone, 'scripts'))
  fs.copyFileSync(script, path.join(clone, 'scripts', 'setup.mjs'))
  for (const file of ['package.json', 'package-lock.json', 'packages/one/package.json'])
    fs.writeFileSync(path.join(clone, file), '{}')
  fs.writeFileSync(
    path.join(clone, 'npm-cli.js'),
    `const fs = require('node:fs')
     fs.appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n')
     fs.mkdirSync('node_modules/.bin', { recursive: true })
     fs.rmSync('node_modules/.bin/node', { force: true })
     fs.symlinkSync(process.execPath, 'node_modules/.bin/node')
     ${npmDoes}`,
  )
  return clone
}

async function setUp(clone: string): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const child = spawn(process.execPath, ['scripts/setup.mjs'], {
    cwd: clone,
    env: { ...process.env, npm_execpath: path.join(clone, 'npm-cli.js') },
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = await once(child, 'close')
  return { code, stderr }
}

function installs(clone: string): number {
  return fs.readFileSync(path.join(clone, 'calls'), 'utf8').split('\n').length - 1
}

test('runs at the same time install once, and a later run does nothing', async () => {
  const clone = newClone('setTimeout(() => {}, 300)')
  const endings = await Promise.all([setUp(clone), setUp(clone), setUp(clone)])
  assert.deepEqual(
    endings.map(({ code }) => code),
    [0, 0, 0],
  )
  assert.deepEqual(await setUp(clone), { code: 0, stderr: '' })
  assert.equal(installs(clone), 1)
  assert.deepEqual(
    fs.readdirSync(clone).filter((name) => name.startsWith('.setup')),
    [],
  )
})

test('a changed manifest of a package or a changed lockfile installs again', async () => {
  const clone = newClone('')
  await setUp(clone)
  fs.writeFileSync(path.join(clone, 'packages/one/package.json'), '{"version": "2.0.0"}')
  await setUp(clone)
  fs.writeFileSync(path.join(clone, 'package-lock.json'), '{"lockfileVersion": 3}')
  await setUp(clone)
  assert.equal(installs(clone), 3)
})

test('a failure is told with its cause, and the next run tries again', async () => {
  const clone = newClone("console.error('npm error network'); process.exit(1)")
  const { code, stderr } = await setUp(clone)
  assert.equal(code, 1)
  assert.match(
    stderr,
    /could not be installed; check the network and the npm registry.*\n.*npm error network/,
  )
  await setUp(clone)
  assert.equal(installs(clone), 2)
})

test('the lock of a run that was killed is taken over', async () => {
  const clone = newClone('')
  const dead = spawn(process.execPath, ['--eval', ''])
  await once(dead, 'close')
  fs.writeFileSync(path.join(clone, '.setup.lock'), String(dead.pid))
  assert.equal((await setUp(clone)).code, 0)
})
