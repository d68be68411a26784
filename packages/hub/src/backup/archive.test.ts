import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { DamagedBackup, readArchive, writeArchive, type Part } from './archive.ts'

const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-archive-'))
after(() => fs.rm(directory, { recursive: true }))

const parts: readonly Part[] = [
  { kind: 'header', bytes: Buffer.from('{"takenAt":"now"}') },
  { kind: 'table', bytes: Buffer.from('{"name":"events"}') },
  { kind: 'rows', bytes: randomBytes(300_000) },
  { kind: 'rows', bytes: Buffer.alloc(0) },
  { kind: 'rows', bytes: Buffer.alloc(200_000, 'the same again and again ') },
  { kind: 'tableEnd', bytes: Buffer.from('{"rows":3}') },
]
const file = path.join(directory, 'whole')
let whole: Buffer

before(async () => {
  await write(file, parts)
  whole = await fs.readFile(file)
})

async function write(to: string, content: readonly Part[]): Promise<void> {
  await using handle = await fs.open(to, 'wx')
  await writeArchive(handle, toAsync(content), new AbortController().signal)
}

async function* toAsync(content: readonly Part[]): AsyncGenerator<Part> {
  yield* content
}

async function assertDamaged(content: Buffer, how: string): Promise<void> {
  const damaged = path.join(directory, 'damaged')
  await fs.writeFile(damaged, content)
  await assert.rejects(Array.fromAsync(readArchive(damaged)), DamagedBackup, how)
}

test('what was written is read, and how much of the file was read is told', async () => {
  let bytes = 0
  const read = await Array.fromAsync(readArchive(file, (more) => (bytes += more)))
  assert.deepEqual(read, parts)
  assert.ok(Math.abs(bytes - whole.length) < 100)
})

test('a file that was cut off anywhere is damaged', async () => {
  // The last bytes only tell the decompressor that nothing follows, which the seal has told already.
  const last = whole.length - 16
  const places = [0, 5, 30, 40, 1_000, last >> 1, ...Array.from({ length: 60 }, (_, n) => last - n)]
  for (const place of places)
    await assertDamaged(whole.subarray(0, place), `cut off at ${place} of ${whole.length}`)
})

test('a file in which one bit changed anywhere is damaged', async () => {
  for (let place = 0; place < whole.length; place += 4_999) {
    const changed = Buffer.from(whole)
    changed[place] = (changed[place] ?? 0) ^ (1 << (place % 8))
    await assertDamaged(changed, `changed at ${place}`)
  }
})

test('one that goes on after its seal is damaged', async () => {
  await assertDamaged(Buffer.concat([whole, whole.subarray(25)]), 'twice')
})

test('what is no backup, or none of this version, is told as such', async () => {
  const other = path.join(directory, 'other')
  await fs.writeFile(other, 'something else entirely, and long enough')
  await assert.rejects(Array.fromAsync(readArchive(other)), /is not a whole backup \(it is something else\)/)
  await fs.writeFile(other, 'Integration Hub backup 2\n…')
  await assert.rejects(Array.fromAsync(readArchive(other)), /a newer hub made it/)
  await assert.rejects(
    Array.fromAsync(readArchive(path.join(directory, 'none'))),
    /^CannotStart: There is no file/,
  )
})

test('what fails while it is written fails the writing', async () => {
  await using handle = await fs.open(path.join(directory, 'failed'), 'wx')
  async function* failing(): AsyncGenerator<Part> {
    yield* parts
    throw new Error('the database is gone')
  }
  await assert.rejects(writeArchive(handle, failing(), new AbortController().signal), /the database is gone/)
})
