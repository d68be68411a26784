import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { readArchive, writeArchive, type Part } from '../../packages/hub/src/backup/archive.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api, expectOk } from '../support/api.ts'
import { CommandProcess, runCommand } from '../support/command.ts'
import { HubProcess, newDataDir, removeDataDirs, withHub, type Ending } from '../support/hub-process.ts'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-backup-trouble-'))
const dataDir = newDataDir()
const file = path.join(directory, 'good')
const hub = new HubProcess(dataDir, { by: 'node' })

before(async () => {
  const api = new Api(await hub.ready(), fs.readFileSync(path.join(dataDir, 'admin-key'), 'utf8').trim())
  // More than fits on the small disk below, however it is compressed.
  for (let count = 0; count < 20; count++)
    expectOk(
      await api.send('POST', '/v1/events?source=hello&type=some.noise', { body: randomBytes(500_000) }),
    )
  await api.close()
  const { code, stderr } = await runCommand(['backup', file], { env: { HUB_DATA_DIR: dataDir } })
  assert.equal(code, 0, stderr)
})

after(async () => {
  await hub.killEverything()
  if (smallDisk !== null) execFileSync('umount', [smallDisk])
  removeDataDirs()
  fs.rmSync(directory, { recursive: true })
})

/** A disk of eight megabytes; null where this user may make none. */
function makeSmallDisk(): string | null {
  const disk = path.join(directory, 'disk')
  fs.mkdirSync(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0755', 'tmpfs', disk], { stdio: 'ignore' })
    return disk
  } catch {
    return null
  }
}
const smallDisk = makeSmallDisk()
const skip = smallDisk === null && 'this user may not make a disk'

/** One sentence on one line, and nothing else. */
function assertSentence({ code, stdout, stderr }: Ending, message: RegExp): void {
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, message)
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
}

/** The backup under another name, with its keys, changed. */
async function changed(name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const copy = path.join(directory, name)
  fs.writeFileSync(copy, change(fs.readFileSync(file)))
  fs.copyFileSync(`${file}.keys`, `${copy}.keys`)
  return copy
}

const restore = (from: string, into: string, more: NodeJS.ProcessEnv = {}): Promise<Ending> =>
  runCommand(['restore', from], { env: { HUB_DATA_DIR: into, ...more } })

suite('hub backup', () => {
  const backUp = (to: string, from = dataDir): Promise<Ending> =>
    runCommand(['backup', to], { env: { HUB_DATA_DIR: from } })

  test('keeps what it writes from other users', () => {
    for (const name of [file, `${file}.keys`]) assert.equal(fs.statSync(name).mode & 0o077, 0)
  })

  test('never writes over anything', async () => {
    assertSentence(await backUp(file), /good is there already; move it away or give another name\./)
  })

  test('of a directory without a hub makes nothing there', async () => {
    const nothing = path.join(directory, 'nothing')
    assertSentence(await backUp(path.join(directory, 'none'), nothing), /nothing holds no data of a hub/)
    assert.ok(!fs.existsSync(nothing))
  })

  test('into a place that is not there', async () => {
    assertSentence(await backUp('/not/there'), /^\/not\/there can't be written \(ENOENT\)/)
  })

  test('on a disk that fills leaves nothing', { skip }, async () => {
    const disk = smallDisk ?? ''
    assertSentence(await backUp(path.join(disk, 'backup')), /^The disk that would hold .* is full; make room/)
    assert.deepEqual(fs.readdirSync(disk), [])
  })

  test('that is interrupted leaves nothing', async () => {
    const target = path.join(directory, 'interrupted')
    const running = new CommandProcess(['backup', target], { env: { HUB_DATA_DIR: dataDir } })
    const drafts = (): readonly string[] =>
      fs.readdirSync(directory).filter((name) => name.startsWith('interrupted'))
    await until('it has begun', () => drafts().length > 0)
    running.kill('SIGTERM')
    const ending = await running.ended
    // It may have been faster.
    if (ending.code === 0) return
    assertSentence(ending, /^Interrupted\. There is no .*interrupted\.$/m)
    assert.deepEqual(drafts(), [])
  })
})

suite('hub restore', () => {
  test('leaves alone where a hub runs, and where anything is', async () => {
    assertSentence(await restore(file, dataDir), /is in use by another hub \(pid \d+\)/)
    const taken = path.join(directory, 'taken')
    fs.mkdirSync(taken)
    fs.writeFileSync(path.join(taken, 'something'), '')
    assertSentence(await restore(file, taken), /taken is not empty \(something\); move what is there away/)
  })

  test('does nothing with a backup that is damaged or cut off', async () => {
    const into = newDataDir()
    const flipped = await changed('flipped', (bytes) => {
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
      return bytes
    })
    const cut = await changed('cut', (bytes) => bytes.subarray(0, bytes.length - 1_000))
    for (const from of [flipped, cut])
      assertSentence(await restore(from, into), /is not a whole backup \(it was .*\); use another one\.$/m)
    assertSentence(await restore(path.join(directory, 'none'), into), /^There is no file .*none\.$/m)
    assert.ok(!fs.existsSync(into))
  })

  test('wants the keys that belong to the backup', async () => {
    const into = newDataDir()
    const alone = await changed('alone', (bytes) => bytes)
    fs.rmSync(`${alone}.keys`)
    assertSentence(
      await restore(alone, into),
      /key that opens the stored secrets is missing; put .*alone\.keys back/,
    )
    assertSentence(
      await restore(file, into, { HUB_SECRET_KEY: 'ab'.repeat(32) }),
      /^HUB_SECRET_KEY is not the key that the stored secrets were encrypted with/,
    )
    const { secretKey } = JSON.parse(fs.readFileSync(`${file}.keys`, 'utf8')) as { secretKey: string }
    const ending = await restore(alone, into, { HUB_SECRET_KEY: secretKey })
    assert.equal(ending.code, 0, ending.stderr)
    assert.ok(!fs.existsSync(path.join(into, 'secret-key')))
  })

  test('refuses the backup of a newer hub', async () => {
    const newer = path.join(directory, 'newer')
    await using handle = await fs.promises.open(newer, 'wx')
    await writeArchive(handle, ofTheFuture(), new AbortController().signal)
    fs.copyFileSync(`${file}.keys`, `${newer}.keys`)
    assertSentence(
      await restore(newer, newDataDir()),
      /newer Integration Hub \(schema 9999, this version knows/,
    )
  })

  test('on a disk that fills says so, and no hub starts there', { skip }, async () => {
    const into = path.join(smallDisk ?? '', 'data')
    assertSentence(await restore(file, into), /^The disk .* is full/)
    assertSentence(
      await new HubProcess(into, { by: 'node' }).ended,
      /was not finished; run `hub restore` again/,
    )
  })

  test('that was killed half way is not taken for a hub, and begins anew', async () => {
    const into = newDataDir()
    const half = new CommandProcess(['restore', file], { env: { HUB_DATA_DIR: into } })
    const work = path.join(into, 'restore.unfinished', 'postgres', 'postmaster.pid')
    await until('it is at work', () => fs.existsSync(work))
    half.kill('SIGKILL')
    await half.ended
    const starting = new HubProcess(into, { by: 'node' })
    assertSentence(
      await starting.ended,
      /A restore into .* was not finished; run `hub restore` again, which begins/,
    )
    const again = await restore(file, into)
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stdout, /^Restored: 20 events, /)
    await withHub(new HubProcess(into, { by: 'node' }), () => Promise.resolve())
  })
})

async function* ofTheFuture(): AsyncGenerator<Part> {
  for await (const part of readArchive(file)) {
    if (part.kind !== 'header') yield part
    else {
      const header = { ...(JSON.parse(part.bytes.toString()) as object), schemaVersion: 9999 }
      yield { kind: 'header', bytes: Buffer.from(JSON.stringify(header)) }
    }
  }
}
