import { randomBytes, randomUUID } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import { CannotStart } from '../core/cannot-start.ts'
import { makeDataDir } from './data-dir.ts'

/** What this installation made for itself once and keeps beside its data. */
export interface LocalKeys {
  readonly adminKey: string
  readonly secretKey: string
  /** The same over restarts of this node, and of no other. */
  readonly nodeKey: string
  /** Where the admin key stands; null: the environment gave it. */
  readonly adminKeyFile: string | null
  /** Whether the admin key was made here and never shown: a first start may have failed before it was. */
  readonly isUnseen: boolean
}

interface Given {
  readonly dataDir: string
  readonly adminKey?: string | undefined
  readonly secretKey?: string | undefined
}

export async function readLocalKeys(given: Given): Promise<LocalKeys> {
  await makeDataDir(given.dataDir)
  const adminKeyFile = path.join(given.dataDir, 'admin-key')
  const adminKey = given.adminKey ? null : await keepAdminKey(adminKeyFile)
  const secretKey =
    given.secretKey ??
    (await keep(path.join(given.dataDir, 'secret-key'), () => randomBytes(32).toString('hex')))
  const nodeKey = await keep(path.join(given.dataDir, 'node-key'), () => randomUUID())
  return {
    adminKey: given.adminKey ?? adminKey ?? '',
    secretKey,
    nodeKey,
    adminKeyFile: adminKey === null ? null : adminKeyFile,
    isUnseen: adminKey !== null && (await exists(unseen(adminKeyFile))),
  }
}

/** Once a person was shown the admin key, no start shows it again. */
export async function markAdminKeySeen({ adminKeyFile }: LocalKeys): Promise<void> {
  if (adminKeyFile !== null) await fs.rm(unseen(adminKeyFile), { force: true })
}

/** A mark beside a key that nobody was shown; what came from a backup has none. */
function unseen(adminKeyFile: string): string {
  return `${adminKeyFile}.unseen`
}

function keepAdminKey(file: string): Promise<string> {
  return keep(file, async () => {
    await fs.writeFile(unseen(file), '')
    return randomBytes(32).toString('base64url')
  })
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  )
}

/** Reads a file, or makes it whole: a start that was killed in between must not leave half a key. */
async function keep(file: string, create: () => string | Promise<string>): Promise<string> {
  try {
    const found = (await fs.readFile(file, 'utf8')).trim()
    if (found === '')
      throw new CannotStart(
        `${file} is empty; restore it from a backup, or delete it to have a new one made.`,
      )
    return found
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw readable(error, file)
  }
  const draft = `${file}.${process.pid}`
  try {
    const value = await create()
    await fs.writeFile(draft, `${value}\n`, { mode: 0o600, flush: true })
    await fs.rename(draft, file)
    return value
  } catch (error) {
    throw readable(error, file)
  }
}

function readable(error: unknown, file: string): Error {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof CannotStart || code === undefined) return error as Error
  return new CannotStart(
    `${file} can't be read or written (${code}); give this user the right, or set HUB_DATA_DIR.`,
  )
}
