import fs from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../config.ts'
import { CannotStart } from '../core/cannot-start.ts'
import { SecretBox } from '../store/secrets.ts'

/**
 * The keys that an installation made for itself. They are kept in a file of their own beside the backup: whoever has
 * only one of both can read no stored secret.
 */
export interface BackupKeys {
  readonly secretKey?: string
  readonly adminKey?: string
}

/** In a data directory. */
export const keyFiles = ['secret-key', 'admin-key'] as const

export const keysFileOf = (backupFile: string): string => `${backupFile}.keys`

/**
 * Those of the data directory that the environment does not give: what it gives is kept wherever it came from. Refuses
 * a secret key that the stored secrets were not encrypted with: nobody could read them after a restore.
 */
export async function collectKeys(config: Config, secretKeyIds: readonly string[]): Promise<BackupKeys> {
  const secretKey = config.secretKey ?? (await readKey(config.dataDir, 'secret-key'))
  const adminKey = config.adminKey ?? (await readKey(config.dataDir, 'admin-key'))
  if (!opens(secretKey, secretKeyIds)) {
    throw new CannotStart(
      `The stored secrets are encrypted with another key than ${secretKey === null ? 'any here' : 'the one here'}; ` +
        'set HUB_SECRET_KEY to the key of the hub, or HUB_DATA_DIR to its data directory.',
    )
  }
  return {
    ...(secretKey !== null && config.secretKey === undefined && { secretKey }),
    ...(adminKey !== null && config.adminKey === undefined && { adminKey }),
  }
}

async function readKey(dataDir: string, name: (typeof keyFiles)[number]): Promise<string | null> {
  const file = path.join(dataDir, name)
  try {
    return (await fs.readFile(file, 'utf8')).trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new CannotStart(`${file} can't be read (${code}); run this as the user of the hub or as root.`)
  }
}

function opens(secretKey: string | null, secretKeyIds: readonly string[]): boolean {
  return secretKeyIds.every((id) => secretKey !== null && new SecretBox(secretKey).keyId === id)
}

async function readKeysFile(backupFile: string): Promise<BackupKeys> {
  const file = keysFileOf(backupFile)
  const text = await fs.readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw new CannotStart(`${file} can't be read (${error.code}).`)
  })
  try {
    const { secretKey, adminKey } = JSON.parse(text) as Record<string, unknown>
    return {
      ...(isSecretKey(secretKey) && { secretKey }),
      ...(typeof adminKey === 'string' && adminKey !== '' && { adminKey }),
    }
  } catch {
    throw new CannotStart(`${file} is damaged; use another copy of it, or set HUB_SECRET_KEY.`)
  }
}

function isSecretKey(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value)
}

/** The keys that the restored hub shall have; refuses those that cannot open what is stored. */
export async function chooseKeys(
  config: Config,
  backupFile: string,
  secretKeyIds: readonly string[],
): Promise<BackupKeys> {
  const kept = await readKeysFile(backupFile)
  const secretKey = config.secretKey ?? kept.secretKey ?? null
  if (!opens(secretKey, secretKeyIds)) {
    const place = keysFileOf(backupFile)
    throw new CannotStart(
      secretKey === null
        ? `The key that opens the stored secrets is missing; put ${place} back, or set HUB_SECRET_KEY.`
        : `${config.secretKey === undefined ? place : 'HUB_SECRET_KEY'} is not the key that the stored secrets were ` +
            'encrypted with; use the one that belongs to this backup.',
    )
  }
  return kept
}

/** As a hub finds them at its start; what the environment gives stays there. */
export async function writeKeys(config: Config, { secretKey, adminKey }: BackupKeys): Promise<void> {
  const write = (name: (typeof keyFiles)[number], key: string): Promise<void> =>
    fs.writeFile(path.join(config.dataDir, name), `${key}\n`, { mode: 0o600, flag: 'wx', flush: true })
  if (secretKey !== undefined && config.secretKey === undefined) await write('secret-key', secretKey)
  if (adminKey !== undefined && config.adminKey === undefined) await write('admin-key', adminKey)
}
