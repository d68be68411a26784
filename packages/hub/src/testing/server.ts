import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts'

export interface TestServer {
  readonly url: string
  stop(): Promise<void>
}

/** A PostgreSQL in a temporary directory, fast because it keeps nothing. */
export async function startTestServer(signal?: AbortSignal): Promise<TestServer> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-test-'))
  const remove = (): Promise<void> => fs.rm(dataDir, { recursive: true, force: true })
  try {
    const log = pino({ level: 'silent' })
    const server = await startEmbeddedPostgres({ dataDir, log, disposable: true, ...(signal && { signal }) })
    return {
      url: server.url,
      stop: async () => {
        await server.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
