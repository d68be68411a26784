import type { Catalog } from '../core/catalog.ts'
import { readConfigVersion } from './configuration.ts'
import { transactionWithin, type Pool } from './database.ts'
import { listIntegrations } from './integrations.ts'
import { readKeys } from './keys.ts'
import type { SecretBox } from './secrets.ts'
import { listSources } from './sources.ts'

const everything = { after: null, limit: null }

/** The whole configuration as of one instant. */
export async function loadCatalog(pool: Pool, box: SecretBox, withinMs: number): Promise<Catalog> {
  return transactionWithin(
    pool,
    withinMs,
    async (client) => ({
      version: await readConfigVersion(client),
      sources: await listSources(client, box, everything),
      integrations: await listIntegrations(client, box, everything),
      keys: await readKeys(client),
    }),
    'begin isolation level repeatable read read only',
  )
}
