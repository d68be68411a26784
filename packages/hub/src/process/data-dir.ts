import fs from 'node:fs/promises'
import { CannotStart } from '../core/cannot-start.ts'

/** Makes the data directory, and gives its one true path. */
export async function makeDataDir(dataDir: string): Promise<string> {
  try {
    // PostgreSQL never runs as root, and its own user has to pass through; what is secret here has its own mode.
    await fs.mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    return await fs.realpath(dataDir)
  } catch (error) {
    throw new CannotStart(
      `${dataDir} can't be made or entered (${(error as NodeJS.ErrnoException).code}); ` +
        'set HUB_DATA_DIR to a directory that this user may write.',
    )
  }
}
