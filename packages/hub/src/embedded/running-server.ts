import fs from 'node:fs/promises'
import path from 'node:path'
import { CannotStart } from '../core/cannot-start.ts'
import { connectionUrl, readPassword } from './cluster.ts'

/** The connection string of the server that a hub runs in its data directory; null: none is ready there. */
export async function findRunningServer(dataDir: string): Promise<string | null> {
  const clusterDir = path.join(dataDir, 'postgres')
  try {
    const pidFile = await fs.readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8')
    const [, , , port, socketDir, , , status] = pidFile.split('\n').map((line) => line.trim())
    if (status !== 'ready') return null
    const host = socketDir ? encodeURIComponent(socketDir) : `127.0.0.1:${port}`
    return connectionUrl(host, await readPassword(clusterDir))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new CannotStart(
      `${clusterDir} can't be read (${code}); run this as the user of the hub or as root.`,
    )
  }
}
