import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CannotStart } from '../core/cannot-start.ts'

const sqliteBusy = 5

export class DataDirInUse extends CannotStart {
  constructor(dataDir: string, holderName: string) {
    super(
      `${dataDir} is in use by another hub (${holderName}); stop that one, or set HUB_DATA_DIR to another directory.`,
    )
  }
}

/**
 * Makes sure that one hub alone uses a data directory. The lock is SQLite's own on an empty file: Node offers no other
 * lock that the kernel takes back the moment its holder dies. Returns what releases it.
 */
export function lockDataDir(dataDir: string): () => void {
  const pidFile = path.join(dataDir, 'hub.pid')
  const database = openLockFile(dataDir)
  try {
    database.exec('pragma journal_mode = off; begin exclusive')
    fs.writeFileSync(pidFile, `${process.pid}\n`)
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== sqliteBusy) throw refusal(dataDir, error)
    throw new DataDirInUse(dataDir, holder(pidFile))
  }
  return () => {
    fs.rmSync(pidFile, { force: true })
    database.close()
  }
}

function openLockFile(dataDir: string): DatabaseSync {
  const file = path.join(dataDir, 'hub.lock')
  try {
    const database = new DatabaseSync(file, { timeout: 0 })
    // SQLite opens what it may not write for reading, and then locks nothing.
    fs.accessSync(file, fs.constants.W_OK)
    return database
  } catch (error) {
    throw refusal(dataDir, error)
  }
}

function refusal(dataDir: string, cause: unknown): CannotStart {
  return new CannotStart(
    `${dataDir} can't be locked (${(cause as Error).message}); check that this user may write there, ` +
      'or set HUB_DATA_DIR to another directory.',
    { cause },
  )
}

function holder(pidFile: string): string {
  try {
    return `pid ${fs.readFileSync(pidFile, 'utf8').trim()}`
  } catch {
    return 'which is just starting'
  }
}
