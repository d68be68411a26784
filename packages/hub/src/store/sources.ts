import type { Source } from '../core/catalog.ts'
import { SourceSpec } from '../core/source-spec.ts'
import type { Client, Pool } from './database.ts'
import { openSpec, sealSecrets, type SecretBox } from './secrets.ts'

export interface SourceRecord extends Source {
  readonly createdAt: Date
  readonly updatedAt: Date
}

interface SourceRow {
  id: number
  name: string
  revision: number
  spec: unknown
  created_at: Date
  updated_at: Date
}

const columns = 'id, name, revision, spec, created_at, updated_at'

function toRecord(box: SecretBox, row: SourceRow): SourceRecord {
  return {
    id: row.id,
    name: row.name,
    revision: row.revision,
    spec: openSpec(box, recordName(row.id), SourceSpec, row.spec),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function recordName(id: number): string {
  return `sources/${id}`
}

export async function findSource(
  client: Client | Pool,
  box: SecretBox,
  name: string,
): Promise<SourceRecord | null> {
  const result = await client.query<SourceRow>(
    `select ${columns} from hub.sources where name = $1 and deleted_at is null`,
    [name],
  )
  const [row] = result.rows
  return row ? toRecord(box, row) : null
}

/** By name. */
export async function listSources(
  client: Client | Pool,
  box: SecretBox,
  page: { readonly after: string | null; readonly limit: number | null },
): Promise<readonly SourceRecord[]> {
  const result = await client.query<SourceRow>(
    `select ${columns} from hub.sources
     where deleted_at is null and ($1::text is null or name > $1) order by name limit $2`,
    [page.after, page.limit],
  )
  return result.rows.map((row) => toRecord(box, row))
}

export async function missingSources(client: Client, names: readonly string[]): Promise<readonly string[]> {
  const result = await client.query<{ name: string }>(
    `select wanted.name from unnest($1::text[]) as wanted (name)
     where not exists (select from hub.sources where name = wanted.name and deleted_at is null)`,
    [names],
  )
  return result.rows.map(({ name }) => name)
}

export async function insertSource(
  client: Client,
  box: SecretBox,
  name: string,
  spec: SourceSpec,
): Promise<SourceRecord> {
  const ids = await client.query<{ id: number }>(`select nextval('hub.sources_id_seq')::int as id`)
  const id = ids.rows[0]?.id ?? 0
  // The revision goes on from that of a deleted source of this name, so that an old ETag never fits the new one.
  const result = await client.query<SourceRow>(
    `insert into hub.sources (id, name, spec, revision) overriding system value
     values ($1, $2, $3, (select coalesce(max(revision), 0) + 1 from hub.sources where name = $2))
     returning ${columns}`,
    [id, name, sealed(box, id, spec)],
  )
  return onlyRecord(box, result.rows)
}

export async function updateSource(
  client: Client,
  box: SecretBox,
  id: number,
  spec: SourceSpec,
): Promise<SourceRecord> {
  const result = await client.query<SourceRow>(
    `update hub.sources set spec = $2, revision = revision + 1, updated_at = now() where id = $1
     returning ${columns}`,
    [id, sealed(box, id, spec)],
  )
  return onlyRecord(box, result.rows)
}

export async function deleteSourceRow(client: Client, id: number): Promise<void> {
  await client.query('update hub.sources set deleted_at = now() where id = $1', [id])
}

function sealed(box: SecretBox, id: number, spec: SourceSpec): string {
  return JSON.stringify(sealSecrets(box, recordName(id), SourceSpec, spec))
}

function onlyRecord(box: SecretBox, rows: readonly SourceRow[]): SourceRecord {
  const [row] = rows
  if (!row) throw new Error('the source is gone')
  return toRecord(box, row)
}
