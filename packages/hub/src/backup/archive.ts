import { createHash } from 'node:crypto'
import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { CannotStart } from '../core/cannot-start.ts'

/**
 * A backup file: this line, then one zstd stream of parts. A part is its kind (one character), its length (four bytes)
 * and its bytes. The last one is a seal with a hash over all before it, so that a file that was cut off, even between
 * two parts, is never taken for a whole one.
 */
const firstLine = Buffer.from('Integration Hub backup 1\n')

export type PartKind = 'header' | 'table' | 'rows' | 'tableEnd' | 'seal'

export interface Part {
  readonly kind: PartKind
  readonly bytes: Buffer
}

const letters: Readonly<Record<PartKind, string>> = {
  header: 'H',
  table: 'T',
  rows: 'R',
  tableEnd: 'E',
  seal: 'S',
}
const kinds = new Map(Object.entries(letters).map(([kind, letter]) => [letter, kind as PartKind]))

const headBytes = 5
const largestPartBytes = 64 * 1024 * 1024
/** At level 1 a core compresses about as fast as PostgreSQL reads; more would take from the deliveries. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export class DamagedBackup extends CannotStart {
  constructor(file: string, how: string) {
    super(`${file} is not a whole backup (${how}); use another one.`)
  }
}

/** Writes parts, seals them, and waits until all is on disk. */
export async function writeArchive(
  handle: FileHandle,
  parts: AsyncIterable<Part>,
  signal: AbortSignal,
): Promise<void> {
  await handle.writeFile(firstLine)
  const store = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    // At the current position, and all of it: `write` may write less.
    for await (const chunk of chunks) await handle.writeFile(chunk)
  }
  await pipeline(Readable.from(sealed(parts)), createZstdCompress(compression), store, { signal })
  await handle.sync()
}

async function* sealed(parts: AsyncIterable<Part>): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const part of parts) {
    for (const bytes of [headOf(part), part.bytes]) {
      hash.update(bytes)
      yield bytes
    }
  }
  const seal: Part = { kind: 'seal', bytes: hash.digest() }
  yield Buffer.concat([headOf(seal), seal.bytes])
}

function headOf({ kind, bytes }: Part): Buffer {
  const head = Buffer.alloc(headBytes)
  head.write(letters[kind], 'latin1')
  head.writeUInt32BE(bytes.length, 1)
  return head
}

/** All parts but the seal; throws `DamagedBackup` at the end at the latest, so the end must be awaited. */
export async function* readArchive(
  file: string,
  onRead: (bytes: number) => void = () => undefined,
): AsyncGenerator<Part> {
  const hash = createHash('sha256')
  let seal: Buffer | null = null
  for await (const part of readParts(file, onRead)) {
    if (seal) throw new DamagedBackup(file, 'something follows its seal')
    if (part.kind === 'seal') {
      seal = part.bytes
      continue
    }
    hash.update(headOf(part)).update(part.bytes)
    yield part
  }
  if (!seal) throw new DamagedBackup(file, 'it was cut off')
  if (!hash.digest().equals(seal)) throw new DamagedBackup(file, 'it was changed')
}

async function* readParts(file: string, onRead: (bytes: number) => void): AsyncGenerator<Part> {
  const bytes = new Bytes(decompressed(file, onRead))
  for (let head = await bytes.take(headBytes); head !== null; head = await bytes.take(headBytes)) {
    const kind = kinds.get(head.toString('latin1', 0, 1))
    const length = head.readUInt32BE(1)
    if (!kind || length > largestPartBytes) throw new DamagedBackup(file, 'it was changed')
    const content = await bytes.take(length)
    if (!content) throw new DamagedBackup(file, 'it was cut off')
    yield { kind, bytes: content }
  }
  if (bytes.hasMore) throw new DamagedBackup(file, 'it was cut off')
}

async function* decompressed(
  file: string,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer, undefined> {
  await checkFirstLine(file)
  const input = fs.createReadStream(file, { start: firstLine.length })
  input.on('data', (chunk) => onRead(chunk.length))
  const output = createZstdDecompress()
  const piped = pipeline(input, output)
  // It ends the loop below with the same error.
  piped.catch(() => undefined)
  try {
    for await (const chunk of output) yield chunk as Buffer
    await piped
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!/^(ZSTD_|Z_|ERR_ZLIB)/.test(code)) throw unreadable(file, error)
    throw new DamagedBackup(file, 'it was changed or cut off')
  }
}

async function checkFirstLine(file: string): Promise<void> {
  const found = Buffer.alloc(firstLine.length)
  try {
    await using handle = await fs.promises.open(file)
    await handle.read(found, 0, found.length, 0)
  } catch (error) {
    throw unreadable(file, error)
  }
  if (found.equals(firstLine)) return
  const isOfHub = found.toString('latin1').startsWith('Integration Hub backup')
  throw new DamagedBackup(
    file,
    isOfHub ? 'a newer hub made it; restore it with that one' : 'it is something else',
  )
}

function unreadable(file: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return new CannotStart(`There is no file ${file}.`)
  return code === undefined ? (error as Error) : new CannotStart(`${file} can't be read (${code}).`)
}

/** A stream of buffers, taken in pieces of other lengths. */
class Bytes {
  readonly #source: AsyncIterator<Buffer, undefined>
  #chunks: Buffer[] = []
  #length = 0

  constructor(source: AsyncIterable<Buffer, undefined>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  get hasMore(): boolean {
    return this.#length > 0
  }

  /** Null: so many do not come any more. */
  async take(length: number): Promise<Buffer | null> {
    while (this.#length < length) {
      const next = await this.#source.next()
      if (next.done) return null
      this.#chunks.push(next.value)
      this.#length += next.value.length
    }
    const all = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks)
    this.#chunks = [all.subarray(length)]
    this.#length -= length
    return all.subarray(0, length)
  }
}
