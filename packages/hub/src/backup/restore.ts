import { once } from 'node:events'
import fs from 'node:fs/promises'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import type { Writable } from 'node:stream'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { CannotStart } from '../core/cannot-start.ts'
import { lockDataDir } from '../process/data-dir-lock.ts'
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts'
import { clearOrphan } from '../embedded/orphan.ts'
import { makeDataDir } from '../process/data-dir.ts'
import { unfinishedRestore } from '../process/unfinished-restore.ts'
import { analyzeStore, connectForBackup, createStore, writeRows, type TableImage } from '../store/backup.ts'
import { checkServer } from '../store/check-server.ts'
import type { Client } from '../store/database.ts'
import { latestSchema, NewerSchemaError } from '../store/migrate.ts'
import { readArchive } from './archive.ts'
import type { BackupHeader } from './back-up.ts'
import { chooseKeys, keyFiles, writeKeys, type BackupKeys } from './backup-keys.ts'
import { syncDirectory } from './directory.ts'
import type { OnProgress } from './progress.ts'

export interface RestoreOptions {
  readonly config: Config
  readonly log: Logger
  readonly file: string
  /** Only reads the backup through and says what is in it. */
  readonly checkOnly: boolean
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
}

export interface RestoreReport {
  readonly takenAt: string
  /** The version of the hub that made the backup. */
  readonly hub: string
  /** By table. */
  readonly rows: Readonly<Record<string, number>>
}

/**
 * Makes a hub of a backup, where there is none: the data directory must be empty, and so must an external database be.
 * The backup is read through before anything is done.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  const { config, file, checkOnly, signal, onProgress } = options
  const fileBytes = await fs.stat(file).then(
    ({ size }) => size,
    () => 0,
  )
  const totalBytes = checkOnly ? fileBytes : fileBytes * 2
  try {
    const { header, rows } = await readThrough(file, signal, (done) => onProgress(done, totalBytes))
    const known = await latestSchema()
    if (header.schemaVersion > known) throw new NewerSchemaError(header.schemaVersion, known)
    const keys = await chooseKeys(config, file, header.secretKeyIds)
    const onLoaded = (done: number): void => onProgress(fileBytes + done, totalBytes)
    if (!checkOnly) await restoreAll({ ...options, keys, onLoaded })
    return { takenAt: header.takenAt, hub: header.hub, rows }
  } catch (error) {
    throw explain(error, config.dataDir, signal)
  }
}

interface Restoring extends RestoreOptions {
  readonly keys: BackupKeys
  readonly onLoaded: (doneBytes: number) => void
}

async function restoreAll(restoring: Restoring): Promise<void> {
  const { config } = restoring
  const dataDir = await makeDataDir(config.dataDir)
  await refuseForeign(dataDir)
  const unlock = lockDataDir(dataDir)
  try {
    await removeUnfinished(dataDir)
    await refuseUnlessEmpty(dataDir)
    const workDir = path.join(dataDir, unfinishedRestore)
    await fs.mkdir(workDir, { mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    if (config.databaseUrl === undefined) await makeCluster(restoring, dataDir, workDir)
    else await loadInto(config.databaseUrl, restoring)
    await fs.rm(workDir, { recursive: true })
    await syncDirectory(dataDir)
  } finally {
    unlock()
  }
}

interface Content {
  readonly header: BackupHeader
  readonly rows: Readonly<Record<string, number>>
}

async function readThrough(
  file: string,
  signal: AbortSignal,
  onRead: (doneBytes: number) => void,
): Promise<Content> {
  let header: BackupHeader | null = null
  let table = ''
  let doneBytes = 0
  const rows: Record<string, number> = {}
  for await (const { kind, bytes } of readArchive(file, (more) => onRead((doneBytes += more)))) {
    signal.throwIfAborted()
    if (kind === 'header') header = JSON.parse(bytes.toString()) as BackupHeader
    if (kind === 'table') table = (JSON.parse(bytes.toString()) as TableImage).name
    if (kind === 'tableEnd') rows[table] = (JSON.parse(bytes.toString()) as { rows: number }).rows
  }
  if (!header) throw new Error(`${file} has no header`)
  return { header, rows }
}

/** What root would write into the directory of a service, the service could not read. */
async function refuseForeign(dataDir: string): Promise<void> {
  const { uid } = await fs.stat(dataDir)
  if (uid === process.getuid?.()) return
  throw new CannotStart(
    `${dataDir} belongs to another user; run this as that one: sudo -u '#${uid}' HUB_DATA_DIR=${dataDir} hub restore …`,
  )
}

/** What a restore before this one left half done; the keys too are only there because of it. */
async function removeUnfinished(dataDir: string): Promise<void> {
  const workDir = path.join(dataDir, unfinishedRestore)
  if (!(await fs.stat(workDir).catch(() => null))) return
  await clearOrphan(path.join(workDir, 'postgres'))
  for (const name of keyFiles) await fs.rm(path.join(dataDir, name), { force: true })
  await fs.rm(workDir, { recursive: true })
}

/** A hub that runs there has the lock; what else is there is somebody's. */
async function refuseUnlessEmpty(dataDir: string): Promise<void> {
  const ours = ['hub.lock', 'hub.lock-journal', 'hub.pid', 'lost+found']
  const found = (await fs.readdir(dataDir)).filter((name) => !ours.includes(name))
  if (found.length === 0) return
  throw new CannotStart(
    `${dataDir} is not empty (${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''}); ` +
      'move what is there away, or set HUB_DATA_DIR to an empty directory.',
  )
}

/** Made aside; the last step, which makes it the hub's, is a renaming. */
async function makeCluster(restoring: Restoring, dataDir: string, workDir: string): Promise<void> {
  const { log, signal } = restoring
  const embedded = await startEmbeddedPostgres({ dataDir: workDir, log, signal })
  try {
    await loadInto(embedded.url, restoring)
  } finally {
    await embedded.stop()
  }
  signal.throwIfAborted()
  await fs.rename(path.join(workDir, 'postgres'), path.join(dataDir, 'postgres'))
}

/** All in one transaction: what fails or is killed leaves nothing in the database. */
async function loadInto(url: string, { config, file, keys, signal, onLoaded }: Restoring): Promise<void> {
  await checkServer(url)
  const client = await connectForBackup(url)
  try {
    await client.query('begin')
    let doneBytes = 0
    await loadAll(client, file, signal, (more) => onLoaded((doneBytes += more)))
    await analyzeStore(client)
    await writeKeys(config, keys)
    await client.query('commit')
  } finally {
    await client.end()
  }
}

async function loadAll(
  client: Client,
  file: string,
  signal: AbortSignal,
  onRead: (bytes: number) => void,
): Promise<void> {
  let copy: TableCopy | null = null
  for await (const { kind, bytes } of readArchive(file, onRead)) {
    signal.throwIfAborted()
    if (kind === 'header') await create(client, JSON.parse(bytes.toString()) as BackupHeader)
    else if (kind === 'table') copy = new TableCopy(client, JSON.parse(bytes.toString()) as TableImage)
    else if (kind === 'rows') await copy?.write(bytes)
    else if (kind === 'tableEnd') await copy?.end(JSON.parse(bytes.toString()) as { rows: number })
  }
}

async function create(client: Client, header: BackupHeader): Promise<void> {
  if (await createStore(client, header)) return
  throw new CannotStart(
    'The database holds a hub already; set DATABASE_URL to an empty database, or drop the schema hub there.',
  )
}

/** The rows of one table on their way into the database. */
class TableCopy {
  readonly #table: TableImage
  readonly #stream: Writable & { readonly rowCount: number }
  readonly #over: Promise<void>

  constructor(client: Client, table: TableImage) {
    this.#table = table
    this.#stream = writeRows(client, table)
    this.#over = finished(this.#stream)
    // It is awaited at the latest at the end of the table.
    this.#over.catch(() => undefined)
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#stream.write(bytes)) return
    await Promise.race([once(this.#stream, 'drain'), this.#over])
  }

  async end({ rows }: { readonly rows: number }): Promise<void> {
    this.#stream.end()
    await this.#over
    if (this.#stream.rowCount !== rows)
      throw new Error(`${this.#table.name} got ${this.#stream.rowCount} rows instead of ${rows}`)
  }
}

function explain(error: unknown, dataDir: string, signal: AbortSignal): unknown {
  if (error instanceof CannotStart) return error
  const nothing = `Nothing was restored into ${dataDir}`
  if (signal.aborted) return new CannotStart(`Interrupted. ${nothing}.`)
  const { code = '', message } = error as NodeJS.ErrnoException
  // 53100: PostgreSQL's own word for a full disk.
  if (['ENOSPC', 'EDQUOT', '53100'].includes(code))
    return new CannotStart(`The disk of the database is full; make room and run this again. ${nothing}.`)
  if (/^(57P|08|ECONNRESET|EPIPE)/.test(code) || message.startsWith('Connection terminated')) {
    return new CannotStart(
      `The database ended the connection (${message}); see that it runs and that its disk has room, then run this ` +
        `again. ${nothing}.`,
    )
  }
  return error
}
