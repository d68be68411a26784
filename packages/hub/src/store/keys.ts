import type { Key } from '../core/catalog.ts'
import type { Role, Scope } from '../core/scopes.ts'
import type { Client, Pool } from './database.ts'

/** What is told of a key: everything but itself. */
export interface KeyRecord {
  readonly id: number
  readonly name: string
  readonly prefix: string
  readonly role: Role | null
  readonly scopes: readonly Scope[]
  /** The name of its source. */
  readonly source: string | null
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
}

export interface NewKey {
  readonly name: string
  readonly prefix: string
  readonly hash: Buffer
  readonly role: Role | null
  readonly scopes: readonly Scope[]
  readonly sourceId: number | null
  readonly expiresAt: Date | null
}

const recordSql = `
  select key.id, key.name, key.prefix, key.role, key.scopes, source.name as source,
    key.created_at as "createdAt", key.expires_at as "expiresAt", key.last_used_at as "lastUsedAt"
  from hub.keys key left join hub.sources source on source.id = key.source_id
  where key.revoked_at is null`

export async function findKey(client: Client | Pool, id: number): Promise<KeyRecord | null> {
  const result = await client.query<KeyRecord>(`${recordSql} and key.id = $1`, [id])
  return result.rows[0] ?? null
}

/** Newest first. */
export async function listKeys(
  client: Client | Pool,
  page: { readonly beforeId: number | null; readonly limit: number },
): Promise<readonly KeyRecord[]> {
  const result = await client.query<KeyRecord>(
    `${recordSql} and ($1::int is null or key.id < $1) order by key.id desc limit $2`,
    [page.beforeId, page.limit],
  )
  return result.rows
}

export async function insertKey(client: Client, key: NewKey): Promise<number> {
  const result = await client.query<{ id: number }>(
    `insert into hub.keys (name, prefix, hash, role, scopes, source_id, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7) returning id`,
    [key.name, key.prefix, key.hash, key.role, key.scopes, key.sourceId, key.expiresAt],
  )
  return result.rows[0]?.id ?? 0
}

export async function revokeKeyRow(client: Client, id: number): Promise<void> {
  await client.query('update hub.keys set revoked_at = now() where id = $1 and revoked_at is null', [id])
}

/** A deleted source leaves no key that could send. Returns the names of those revoked. */
export async function revokeKeysOfSource(client: Client, sourceId: number): Promise<readonly string[]> {
  const result = await client.query<{ name: string }>(
    'update hub.keys set revoked_at = now() where source_id = $1 and revoked_at is null returning name',
    [sourceId],
  )
  return result.rows.map(({ name }) => name)
}

/** The keys that are not revoked, as the catalog holds them; whether one has expired is asked at its use. */
export async function readKeys(client: Client): Promise<readonly Key[]> {
  const result = await client.query<Key>(
    `select id, name, encode(hash, 'hex') as hash, scopes, source_id as "sourceId", expires_at as "expiresAt"
     from hub.keys where revoked_at is null`,
  )
  return result.rows
}

export interface KeyUse {
  readonly keyId: number
  readonly at: Date
}

export async function recordKeyUses(pool: Pool, uses: readonly KeyUse[]): Promise<void> {
  if (uses.length === 0) return
  await pool.query(
    `update hub.keys set last_used_at = greatest(last_used_at, used.at)
     from unnest($1::int[], $2::timestamptz[]) as used (id, at) where keys.id = used.id`,
    [uses.map(({ keyId }) => keyId), uses.map(({ at }) => at)],
  )
}
