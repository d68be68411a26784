import type { Client, Pool } from './database.ts'

/** What a person or a key did. `detail` never holds a secret. */
export interface AuditEntry {
  readonly actor: string
  /** Such as `integration.update`. */
  readonly action: string
  /** Such as `integrations/okdesk-to-billing`. */
  readonly subject: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditRecord extends AuditEntry {
  readonly id: number
  readonly at: Date
}

/** Belongs into the transaction that does what it tells. */
export async function appendAudit(client: Client | Pool, entry: AuditEntry): Promise<void> {
  await client.query('insert into hub.audit (actor, action, subject, detail) values ($1, $2, $3, $4)', [
    entry.actor,
    entry.action,
    entry.subject,
    JSON.stringify(entry.detail),
  ])
}

export interface AuditQuery {
  readonly limit: number
  readonly beforeId: number | null
  readonly subject: string | null
}

/** Newest first. */
export async function listAudit(pool: Pool, query: AuditQuery): Promise<readonly AuditRecord[]> {
  const result = await pool.query<AuditRecord>(
    `select id, at, actor, action, subject, detail from hub.audit
     where ($1::bigint is null or id < $1) and ($2::text is null or subject = $2)
     order by id desc limit $3`,
    [query.beforeId, query.subject, query.limit],
  )
  return result.rows
}
