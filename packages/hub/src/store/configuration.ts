import { appendAudit, type AuditEntry } from './audit.ts'
import { transaction, type Client, type Pool } from './database.ts'

export interface ConfigurationChange<T> {
  readonly result: T
  /** What was done; null: nothing was, so nobody has to read the configuration again. */
  readonly audit: AuditEntry | null
}

/** Nobody may keep the others from changing the configuration. */
const beginBounded = "begin; set local lock_timeout = '5s'; set local statement_timeout = '10s'"

/** One change of the configuration: its rows, the next version and the audit entry are committed together. */
export async function changeConfiguration<T>(
  pool: Pool,
  work: (client: Client) => Promise<ConfigurationChange<T>>,
): Promise<T> {
  const change = async (client: Client): Promise<T> => {
    // Held to the end: changes come one after the other, so that what a change has checked stays true.
    await client.query('select from hub.config_version for update')
    const { result, audit } = await work(client)
    if (audit) {
      await client.query('update hub.config_version set version = version + 1')
      await appendAudit(client, audit)
    }
    return result
  }
  return transaction(pool, change, beginBounded)
}

export const configVersionSql = 'select version from hub.config_version'

export async function readConfigVersion(client: Client | Pool): Promise<number> {
  const result = await client.query<{ version: number }>(configVersionSql)
  return result.rows[0]?.version ?? 0
}

/** Whether anybody ever configured anything, even if it is deleted by now. */
export async function wasEverConfigured(pool: Pool): Promise<boolean> {
  const found = await pool.query('select from hub.sources union all select from hub.integrations limit 1')
  return (found.rowCount ?? 0) > 0
}
