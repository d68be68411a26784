import fs, { type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { CannotStart } from '../core/cannot-start.ts'
import { beginSnapshot, connectForBackup, readRows, storeBytes, type StoreImage } from '../store/backup.ts'
import type { Client } from '../store/database.ts'
import { version } from '../version.ts'
import { writeArchive, type Part } from './archive.ts'
import { collectKeys, keysFileOf, type BackupKeys } from './backup-keys.ts'
import { syncDirectory } from './directory.ts'
import type { OnProgress } from './progress.ts'
import { openSource } from './source.ts'

export interface BackupHeader extends StoreImage {
  /** Of the hub that made the backup. */
  readonly hub: string
}

export interface BackupReport {
  readonly file: string
  /** Null: the environment gives all keys, so there was none to keep. */
  readonly keysFile: string | null
  readonly takenAt: string
  readonly fileBytes: number
  /** By table. */
  readonly rows: Readonly<Record<string, number>>
}

export interface BackupOptions {
  readonly config: Config
  readonly log: Logger
  readonly file: string
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
}

/** Writes all that the hub has in store into one file, as it is at one moment, while the hub goes on. */
export async function backUp(options: BackupOptions): Promise<BackupReport> {
  const { config, log, file, signal } = options
  await refuseIfThere(file)
  await refuseIfThere(keysFileOf(file))
  await using opened = new AsyncDisposableStack()
  const client = await connectForBackup(await openSource(config, log, signal, opened))
  opened.defer(() => client.end())
  const image = await beginSnapshot(client)
  if (!image) throw new CannotStart('The database holds no hub; check DATABASE_URL.')
  const keys = await collectKeys(config, image.secretKeyIds)
  const rows: Record<string, number> = {}
  const drafts: string[] = []
  try {
    await writeDraft(file, drafts, async (handle) => {
      const parts = readAll(client, image, rows, options.onProgress)
      await writeArchive(handle, parts, signal)
    })
    await finish(file, keys, drafts)
  } catch (error) {
    throw explain(error, file, signal)
  } finally {
    for (const draft of drafts) await fs.rm(draft, { force: true })
  }
  const { size: fileBytes } = await fs.stat(file)
  const keysFile = Object.keys(keys).length > 0 ? keysFileOf(file) : null
  return { file, keysFile, takenAt: image.takenAt, fileBytes, rows }
}

async function refuseIfThere(file: string): Promise<void> {
  const found = await fs.stat(file).catch(() => null)
  if (found) throw new CannotStart(`${file} is there already; move it away or give another name.`)
}

async function* readAll(
  client: Client,
  image: StoreImage,
  rows: Record<string, number>,
  onProgress: OnProgress,
): AsyncGenerator<Part> {
  const totalBytes = await storeBytes(client)
  let doneBytes = 0
  yield { kind: 'header', bytes: jsonBytes({ ...image, hub: version } satisfies BackupHeader) }
  for (const table of image.tables) {
    yield { kind: 'table', bytes: jsonBytes(table) }
    const stream = readRows(client, table)
    for await (const chunk of stream) {
      const bytes = chunk as Buffer
      yield { kind: 'rows', bytes }
      onProgress((doneBytes += bytes.length), Math.max(totalBytes, doneBytes))
    }
    rows[table.name] = stream.rowCount
    yield { kind: 'tableEnd', bytes: jsonBytes({ rows: stream.rowCount }) }
  }
}

function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** Payloads and keys are nobody else's to read. */
async function writeDraft(
  file: string,
  drafts: string[],
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const draft = `${file}.unfinished-${process.pid}`
  await using handle = await fs.open(draft, 'wx', 0o600)
  drafts.push(draft)
  await write(handle)
}

/** The keys first: where the backup is, they are. A link, unlike a renaming, never takes the place of what is there. */
async function finish(file: string, keys: BackupKeys, [draft = '']: readonly string[]): Promise<void> {
  const keysFile = keysFileOf(file)
  const hasKeys = Object.keys(keys).length > 0
  if (hasKeys) {
    const content = `${JSON.stringify(keys, null, 2)}\n`
    await fs.writeFile(keysFile, content, { mode: 0o600, flag: 'wx', flush: true })
  }
  try {
    await fs.link(draft, file)
    await syncDirectory(path.dirname(file))
  } catch (error) {
    if (hasKeys) await fs.rm(keysFile, { force: true })
    throw error
  }
}

function explain(error: unknown, file: string, signal: AbortSignal): unknown {
  if (error instanceof CannotStart) return error
  const nothing = `There is no ${file}`
  if (signal.aborted) return new CannotStart(`Interrupted. ${nothing}.`)
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new CannotStart(
      `The disk that would hold ${file} is full; make room or give another place. ${nothing}.`,
    )
  if (/^E[A-Z]+$/.test(code) && code !== 'ECONNRESET' && code !== 'EPIPE')
    return new CannotStart(`${file} can't be written (${code}); give another place. ${nothing}.`)
  if (/^(57P|08|ECONNRESET|EPIPE)/.test(code) || message.startsWith('Connection terminated'))
    return new CannotStart(
      `The database ended the connection (${message}); run this again once it is up. ${nothing}.`,
    )
  return error
}
