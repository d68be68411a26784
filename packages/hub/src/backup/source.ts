import fs from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { CannotStart } from '../core/cannot-start.ts'
import { DataDirInUse } from '../process/data-dir-lock.ts'
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts'
import { findRunningServer } from '../embedded/running-server.ts'

/** The database to be backed up: the external one, that of the hub that runs here, or its own, started for the backup. */
export async function openSource(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  opened: AsyncDisposableStack,
): Promise<string> {
  if (config.databaseUrl !== undefined) return config.databaseUrl
  const { dataDir } = config
  const isThere = await fs.stat(path.join(dataDir, 'postgres', 'PG_VERSION')).catch(() => null)
  if (!isThere) {
    throw new CannotStart(
      `${dataDir} holds no data of a hub; name its data directory in HUB_DATA_DIR, or its database in DATABASE_URL.`,
    )
  }
  try {
    const embedded = await startEmbeddedPostgres({ dataDir, log, signal })
    opened.defer(() => embedded.stop())
    return embedded.url
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error
  }
  const url = await findRunningServer(dataDir)
  if (url === null)
    throw new CannotStart(`The hub in ${dataDir} is just starting or stopping; run this again in a moment.`)
  return url
}
