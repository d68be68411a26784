import type { OwnedDelivery } from '../core/delivery.ts'
import { claimedSql, toOwned, type ClaimedRow } from './claims.ts'
import type { Client, Pool } from './database.ts'

/** Deliveries that are on their way through a broker. Their rows are owned by minus its id. */
export interface Publication {
  readonly id: number
  readonly integrationId: number
}

export interface FilledPublication extends Publication {
  readonly seqs: readonly number[]
}

export async function nextPublicationIds(client: Client, count: number): Promise<readonly number[]> {
  const { rows } = await client.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('hub.publications', 'id')) as id from generate_series(1, $1)`,
    [count],
  )
  return rows.map(({ id }) => id)
}

/** What is not taken within `freeInMs` is free again, whatever the broker did with it. */
export async function insertPublications(
  client: Client,
  publications: readonly FilledPublication[],
  freeInMs: number,
): Promise<void> {
  const rows = publications.map(({ id, integrationId, seqs }) => ({
    id,
    integration_id: integrationId,
    seqs,
  }))
  await client.query(
    `insert into hub.publications (id, integration_id, seqs, free_at) overriding system value
     select id, integration_id, seqs, clock_timestamp() + $2 * interval '1 millisecond'
     from jsonb_to_recordset($1) as publication (id bigint, integration_id int, seqs bigint[])`,
    [JSON.stringify(rows), freeInMs],
  )
}

/** Makes what is left of them this epoch's, in order; nothing of those that are over or taken already. */
export async function takePublications(
  client: Client,
  integrationId: number,
  ids: readonly number[],
  epoch: number,
): Promise<readonly OwnedDelivery[]> {
  const result = await client.query<ClaimedRow>({
    text: `with publication as (
       delete from hub.publications where id = any($1) and integration_id = $2 returning id, seqs
     ), claimed as (
       update hub.queue q set owner = $3 from publication
       where q.integration_id = $2 and q.seq = any(publication.seqs) and q.owner = -publication.id
       returning ${claimedSql}
     )
     select * from claimed order by due, seq`,
    values: [ids, integrationId, epoch],
    rowMode: 'array',
  })
  return result.rows.map((row) => toOwned(integrationId, row))
}

/** Gives back what nobody took in time, or what these hold; says of which integrations, from which seq on. */
export async function freePublications(
  pool: Pool,
  which: 'overdue' | readonly Publication[],
): Promise<ReadonlyMap<number, number>> {
  const ids = which === 'overdue' ? null : which.map(({ id }) => id)
  const { rows } = await pool.query<{ integration_id: number; seq: number }>(
    `with over as (
       delete from hub.publications
       where case when $1::bigint[] is null then free_at < clock_timestamp() else id = any($1) end
       returning id, integration_id, seqs
     ), freed as (
       update hub.queue q set owner = null from over
       where q.integration_id = over.integration_id and q.seq = any(over.seqs) and q.owner = -over.id
       returning q.integration_id, q.seq
     )
     select integration_id, min(seq) as seq from freed group by integration_id`,
    [ids],
  )
  return new Map(rows.map((row) => [row.integration_id, row.seq]))
}

/** Integrations of which something is with the broker. */
export async function publishedIntegrations(pool: Pool): Promise<ReadonlySet<number>> {
  const { rows } = await pool.query<{ id: number }>(
    'select distinct integration_id as id from hub.publications',
  )
  return new Set(rows.map(({ id }) => id))
}
