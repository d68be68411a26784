import type { Pool } from './database.ts'

export interface NodeRecord {
  readonly nodeKey: string
  readonly epoch: number
  readonly host: string
  readonly version: string
  readonly startedAt: Date
  readonly leaseUntil: Date
  /** By the database's clock, as the lease itself. */
  readonly isAlive: boolean
}

interface NodeRow {
  node_key: string
  epoch: number
  host: string
  version: string
  started_at: Date
  lease_until: Date
  is_alive: boolean
}

/** Oldest first; one whose lease is over is listed until another takes over what it held. */
export async function listNodes(
  pool: Pool,
  page: { readonly afterEpoch?: number | null; readonly limit?: number } = {},
): Promise<readonly NodeRecord[]> {
  const result = await pool.query<NodeRow>(
    `select node_key, epoch, host, version, started_at, lease_until, lease_until >= now() as is_alive
     from hub.nodes where $1::bigint is null or epoch > $1 order by epoch limit $2`,
    [page.afterEpoch ?? null, page.limit ?? null],
  )
  return result.rows.map((row) => ({
    nodeKey: row.node_key,
    epoch: row.epoch,
    host: row.host,
    version: row.version,
    startedAt: row.started_at,
    leaseUntil: row.lease_until,
    isAlive: row.is_alive,
  }))
}
