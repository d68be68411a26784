import type { OwnedDelivery } from '../core/delivery.ts'
import { claimedSql, toOwned, type ClaimedRow } from './claims.ts'
import type { Client, Pool } from './database.ts'

/** Deliveries that are on their way through a broker. Their rows are owned by minus its id. */
export interface Publication {
  readonly id: number
  readonly integrationId: number
}

export function ownerOf(publicationId: number): number {
  return -publicationId
}

export async function nextPublicationId(client: Client): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('hub.publications', 'id')) as id`,
  )
  const [row] = rows
  if (!row) throw new Error('the sequence gave no value')
  return row.id
}

/** What is not taken within `freeInMs` is free again, whatever the broker did with it. */
export async function insertPublication(
  client: Client,
  { id, integrationId }: Publication,
  seqs: readonly number[],
  freeInMs: number,
): Promise<void> {
  await client.query(
    `insert into hub.publications (id, integration_id, seqs, free_at) overriding system value
     values ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond')`,
    [id, integrationId, seqs, freeInMs],
  )
}

/** Makes what is left of a publication this epoch's, in order; nothing, when it is over or taken already. */
export async function takePublication(
  client: Client,
  { id, integrationId }: Publication,
  epoch: number,
): Promise<readonly OwnedDelivery[]> {
  const result = await client.query<ClaimedRow>(
    `with publication as (
       delete from hub.publications where id = $1 and integration_id = $2 returning seqs
     ), claimed as (
       update hub.queue q set owner = $3 from publication
       where q.integration_id = $2 and q.seq = any(publication.seqs) and q.owner = $4
       returning ${claimedSql}
     )
     select * from claimed order by due, seq`,
    [id, integrationId, epoch, ownerOf(id)],
  )
  return result.rows.map((row) => toOwned(integrationId, row))
}

/** Gives back what nobody took in time, or what one publication holds; says of which integrations, from which seq on. */
export async function freePublications(
  pool: Pool,
  which: 'overdue' | Publication,
): Promise<ReadonlyMap<number, number>> {
  const one = which === 'overdue' ? null : which.id
  const { rows } = await pool.query<{ integration_id: number; seq: number }>(
    `with over as (
       delete from hub.publications
       where case when $1::bigint is null then free_at < clock_timestamp() else id = $1 end
       returning id, integration_id, seqs
     ), freed as (
       update hub.queue q set owner = null from over
       where q.integration_id = over.integration_id and q.seq = any(over.seqs) and q.owner = -over.id
       returning q.integration_id, q.seq
     )
     select integration_id, min(seq) as seq from freed group by integration_id`,
    [one],
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
