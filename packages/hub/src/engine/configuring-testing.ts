import { addressPolicy } from '../core/address.ts'
import { openPool } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { SecretBox } from '../store/secrets.ts'
import { createTestDatabase } from '../testing/database.ts'
import type { Configuring } from './configure.ts'
import { LiveCatalog } from './live-catalog.ts'

export interface TestConfiguration {
  readonly configuring: Configuring
  readonly catalog: LiveCatalog
  readonly url: string
  close(): Promise<void>
}

export const testSecretKey = 'ab'.repeat(32)

/** A configuration of its own in a new database. */
export async function openTestConfiguration(): Promise<TestConfiguration> {
  const database = await createTestDatabase()
  await migrate(database.url)
  const pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 4 }, () => undefined)
  const secrets = new SecretBox(testSecretKey)
  const catalog = new LiveCatalog({
    pool,
    secrets,
    onError: (error) => {
      throw error
    },
  })
  await catalog.refresh()
  const configuring: Configuring = {
    pool,
    secrets,
    addresses: addressPolicy([], []),
    catalog,
    now: () => new Date(),
  }
  return {
    configuring,
    catalog,
    url: database.url,
    async close() {
      await catalog.stop()
      await pool.end()
      await database.drop()
    },
  }
}
