import { Type, type Static } from 'typebox'
import type { FormerSecret, Integration, SigningSecrets } from '../core/catalog.ts'
import { IntegrationSpec } from '../core/integration-spec.ts'
import { closed, secret } from '../core/schema.ts'
import type { Client, Pool } from './database.ts'
import { openSpec, sealSecrets, type SecretBox } from './secrets.ts'

export interface IntegrationRecord extends Integration {
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What is written: everything but what the table adds. */
export type IntegrationContent = Pick<Integration, 'spec' | 'signing'>

interface IntegrationRow {
  id: number
  name: string
  revision: number
  spec: unknown
  signing: unknown
  created_at: Date
  updated_at: Date
}

/** The newest former secret stands apart, as versions before this read it. */
const StoredSigning = closed({
  current: secret(),
  previous: Type.Optional(secret()),
  previousUntil: Type.Optional(Type.String()),
  earlier: Type.Optional(Type.Array(closed({ secret: secret(), until: Type.String() }))),
})

const columns = 'id, name, revision, spec, signing, created_at, updated_at'

function toRecord(box: SecretBox, row: IntegrationRow): IntegrationRecord {
  const place = recordName(row.id)
  const signing = openSpec(box, `${place}/signing`, StoredSigning, row.signing)
  return {
    id: row.id,
    name: row.name,
    revision: row.revision,
    spec: openSpec(box, place, IntegrationSpec, row.spec),
    signing: { current: signing.current, former: toFormer(signing) },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function recordName(id: number): string {
  return `integrations/${id}`
}

export async function findIntegration(
  client: Client | Pool,
  box: SecretBox,
  name: string,
): Promise<IntegrationRecord | null> {
  const result = await client.query<IntegrationRow>(
    `select ${columns} from hub.integrations where name = $1 and deleted_at is null`,
    [name],
  )
  const [row] = result.rows
  return row ? toRecord(box, row) : null
}

/** By name. */
export async function listIntegrations(
  client: Client | Pool,
  box: SecretBox,
  page: { readonly after: string | null; readonly limit: number | null },
): Promise<readonly IntegrationRecord[]> {
  const result = await client.query<IntegrationRow>(
    `select ${columns} from hub.integrations
     where deleted_at is null and ($1::text is null or name > $1) order by name limit $2`,
    [page.after, page.limit],
  )
  return result.rows.map((row) => toRecord(box, row))
}

export async function integrationsNaming(client: Client, source: string): Promise<readonly string[]> {
  const result = await client.query<{ name: string }>(
    `select name from hub.integrations where deleted_at is null and spec->'sources' ? $1 order by name`,
    [source],
  )
  return result.rows.map(({ name }) => name)
}

export async function insertIntegration(
  client: Client,
  box: SecretBox,
  name: string,
  content: IntegrationContent,
): Promise<IntegrationRecord> {
  const ids = await client.query<{ id: number }>(`select nextval('hub.integrations_id_seq')::int as id`)
  const id = ids.rows[0]?.id ?? 0
  // The revision goes on from that of a deleted one of this name, so that an old ETag never fits the new one.
  const result = await client.query<IntegrationRow>(
    `insert into hub.integrations (id, name, spec, signing, revision) overriding system value
     values ($1, $2, $3, $4, (select coalesce(max(revision), 0) + 1 from hub.integrations where name = $2))
     returning ${columns}`,
    [id, name, ...sealed(box, id, content)],
  )
  return onlyRecord(box, result.rows)
}

export async function updateIntegration(
  client: Client,
  box: SecretBox,
  id: number,
  content: IntegrationContent,
): Promise<IntegrationRecord> {
  const result = await client.query<IntegrationRow>(
    `update hub.integrations set spec = $2, signing = $3, revision = revision + 1, updated_at = now()
     where id = $1 returning ${columns}`,
    [id, ...sealed(box, id, content)],
  )
  return onlyRecord(box, result.rows)
}

export async function deleteIntegrationRow(client: Client, id: number): Promise<void> {
  await client.query('update hub.integrations set deleted_at = now() where id = $1', [id])
}

/** Whether any delivery to it has not ended. */
export async function hasBacklog(client: Client, id: number): Promise<boolean> {
  const result = await client.query('select from hub.queue where integration_id = $1 limit 1', [id])
  return result.rowCount === 1
}

function sealed(box: SecretBox, id: number, content: IntegrationContent): [spec: string, signing: string] {
  const place = recordName(id)
  return [
    JSON.stringify(sealSecrets(box, place, IntegrationSpec, content.spec)),
    JSON.stringify(sealSecrets(box, `${place}/signing`, StoredSigning, toStored(content.signing))),
  ]
}

function toFormer({ previous, previousUntil, earlier = [] }: Static<typeof StoredSigning>): FormerSecret[] {
  const newest = previous && previousUntil ? [{ secret: previous, until: previousUntil }] : []
  return [...newest, ...earlier].map((one) => ({ secret: one.secret, until: new Date(one.until) }))
}

function toStored({ current, former }: SigningSecrets): Static<typeof StoredSigning> {
  const [newest, ...earlier] = former.map((one) => ({ secret: one.secret, until: one.until.toISOString() }))
  return {
    current,
    ...(newest && { previous: newest.secret, previousUntil: newest.until }),
    ...(earlier.length > 0 && { earlier }),
  }
}

function onlyRecord(box: SecretBox, rows: readonly IntegrationRow[]): IntegrationRecord {
  const [row] = rows
  if (!row) throw new Error('the integration is gone')
  return toRecord(box, row)
}
