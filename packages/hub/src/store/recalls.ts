import type { Pool } from './database.ts'
import type { RowKey } from './queue.ts'

/** Asks whichever node holds a delivery to hand it back. */
export async function recall(pool: Pool, { integrationId, seq }: RowKey, forMs: number): Promise<void> {
  await pool.query(
    `with over as (delete from hub.recalls where until < now() and (integration_id, seq) <> ($1, $2))
     insert into hub.recalls (integration_id, seq, until) values ($1, $2, now() + $3 * interval '1 millisecond')
     on conflict (integration_id, seq) do update set until = excluded.until`,
    [integrationId, seq, forMs],
  )
}

export async function listRecalls(pool: Pool): Promise<readonly RowKey[]> {
  const { rows } = await pool.query<{ integration_id: number; seq: number }>(
    'select integration_id, seq from hub.recalls where until > now()',
  )
  return rows.map((row) => ({ integrationId: row.integration_id, seq: row.seq }))
}
