import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { CannotStart } from '../core/cannot-start.ts'
import { findBinaries } from './binaries.ts'
import { prepareCluster } from './cluster.ts'
import { canEnter } from '../process/users.ts'
import { chooseIdentity } from './identity.ts'
import { createLauncher } from './launcher.ts'

const skip = process.getuid?.() !== 0 && 'needs root'
const directories: string[] = []

after(() => {
  for (const dir of directories) fs.rmSync(dir, { recursive: true, force: true })
})

function newDir(mode: number): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-launcher-'))
  directories.push(dir)
  fs.chmodSync(dir, mode)
  return dir
}

/** Runs `work` where no setpriv is found. */
async function withoutSetpriv<T>(work: () => Promise<T>): Promise<T> {
  const { PATH } = process.env
  process.env['PATH'] = '/nonexistent'
  try {
    return await work()
  } finally {
    process.env['PATH'] = PATH
  }
}

/** Makes a cluster, which takes both of PostgreSQL's programs, all their libraries and the data directory. */
async function makeCluster(dataDir: string, closedProgramDir?: string): Promise<string> {
  const installed = await findBinaries()
  const moved = (binary: string): string => path.join(closedProgramDir ?? '', 'bin', path.basename(binary))
  if (closedProgramDir) fs.symlinkSync(path.dirname(installed.postgres), path.join(closedProgramDir, 'bin'))
  const binaries = closedProgramDir
    ? { initdb: moved(installed.initdb), postgres: moved(installed.postgres) }
    : installed
  const clusterDir = path.join(dataDir, 'postgres')
  const launcher = await createLauncher(binaries, chooseIdentity(clusterDir), dataDir)
  const { signal } = new AbortController()
  return prepareCluster({ dataDir, clusterDir, binaries, launcher, disposable: true, signal })
}

test('root makes a cluster in a directory that only root may enter', { skip }, async () => {
  assert.ok(await makeCluster(newDir(0o700)))
})

test('root makes a cluster with programs that lie where only root may enter', { skip }, async () => {
  assert.ok(await makeCluster(newDir(0o711), newDir(0o700)))
})

test('root needs no setpriv where its other user may pass', { skip }, async (t) => {
  const identity = chooseIdentity('/nonexistent')
  const { postgres } = await findBinaries()
  if (!identity || !canEnter(identity, path.dirname(postgres)))
    return t.skip('this clone is where only root may enter')
  assert.ok(await withoutSetpriv(() => makeCluster(newDir(0o711))))
})

test('without setpriv a closed directory is refused with a sentence that names it', { skip }, async () => {
  const dataDir = newDir(0o700)
  await assert.rejects(
    withoutSetpriv(() => makeCluster(dataDir)),
    (error: Error) => {
      assert.ok(error instanceof CannotStart)
      assert.match(
        error.message,
        /can't enter .*hub-launcher-.*; set HUB_DATA_DIR to a directory that others may/,
      )
      assert.ok(error.message.includes(dataDir))
      return true
    },
  )
})
