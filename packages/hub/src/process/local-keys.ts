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
  /** Whether the admin key was made just now. */
  readonly isNew: boolean
}

interface Given {
  readonly dataDir: string
  readonly adminKey?: string | undefined
  readonly secretKey?: string | undefined
}

export async function readLocalKeys(given: Given): Promise<LocalKeys> {
  await makeDataDir(given.dataDir)
  const adminKeyFile = path.join(given.dataDir, 'admin-key')
  const admin = given.adminKey ? null : await keep(adminKeyFile, () => randomBytes(32).toString('base64url'))
  const secretKey =
    given.secretKey ??
    (await keep(path.join(given.dataDir, 'secret-key'), () => randomBytes(32).toString('hex'))).value
  const node = await keep(path.join(given.dataDir, 'node-key'), () => randomUUID())
  return {
    adminKey: given.adminKey ?? admin?.value ?? '',
    secretKey,
    nodeKey: node.value,
    adminKeyFile: admin ? adminKeyFile : null,
    isNew: admin?.isNew ?? false,
  }
}

/** Reads a file, or makes it whole: a start that was killed in between must not leave half a key. */
async function keep(
  file: string,
  create: () => string,
): Promise<{ readonly value: string; readonly isNew: boolean }> {
  try {
    const found = (await fs.readFile(file, 'utf8')).trim()
    if (found === '')
      throw new CannotStart(
        `${file} is empty; restore it from a backup, or delete it to have a new one made.`,
      )
    return { value: found, isNew: false }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw readable(error, file)
  }
  const value = create()
  const draft = `${file}.${process.pid}`
  try {
    await fs.writeFile(draft, `${value}\n`, { mode: 0o600, flush: true })
    await fs.rename(draft, file)
  } catch (error) {
    throw readable(error, file)
  }
  return { value, isNew: true }
}

function readable(error: unknown, file: string): Error {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof CannotStart || code === undefined) return error as Error
  return new CannotStart(
    `${file} can't be read or written (${code}); give this user the right, or set HUB_DATA_DIR.`,
  )
}
