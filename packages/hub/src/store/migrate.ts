import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import { CannotStart } from '../core/cannot-start.ts'
import type { Client } from './database.ts'

/** Any number, the same in every version of the hub: whoever migrates holds it. */
const migrationLock = 4_815_162_342

const directory = new URL('./migrations/', import.meta.url)

export class NewerSchemaError extends CannotStart {
  constructor(found: number, known: number) {
    super(
      `The database was written by a newer Integration Hub (schema ${found}, this version knows ${known}). ` +
        'Start that version or a newer one; an older one would damage what it does not know.',
    )
  }
}

/** SQLSTATE insufficient_privilege. */
const forbidden = '42501'

function isForbidden(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.code === forbidden
}

class NoRightsError extends CannotStart {
  constructor(cause: pg.DatabaseError, { user, database }: pg.Client) {
    super(
      `The database user ${user} lacks rights in the database ${database} (${cause.message}); the schema hub must ` +
        `belong to it: create schema hub authorization ${user}`,
      { cause },
    )
  }
}

interface Migration {
  readonly version: number
  readonly name: string
}

export async function listMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}-.*\.sql$/.test(name)).toSorted()
  return names.map((name) => ({ version: Number(name.slice(0, 4)), name }))
}

/** The newest that this version of the hub knows. */
export async function latestSchema(): Promise<number> {
  return (await listMigrations()).at(-1)?.version ?? 0
}

/**
 * Brings the schema up to date, each migration in its own transaction, under a lock, so that many nodes may start at
 * once. Returns the versions it applied.
 */
export async function migrate(url: string): Promise<readonly number[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'integration-hub migrate' })
  await client.connect()
  try {
    const applied: number[] = []
    for (const migration of await listMigrations()) {
      if (await applyOne(client, migration)) applied.push(migration.version)
    }
    return applied
  } catch (error) {
    throw isForbidden(error) ? new NoRightsError(error, client) : error
  } finally {
    await client.end()
  }
}

async function applyOne(client: pg.Client, migration: Migration): Promise<boolean> {
  await client.query('begin')
  try {
    // Held until the transaction ends, so it also works behind a transaction pooler.
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
    const current = await currentVersion(client)
    const known = await latestSchema()
    if (current > known) throw new NewerSchemaError(current, known)
    if (current < migration.version) await execute(client, migration)
    await client.query('commit')
    return current < migration.version
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

async function execute(client: Client, migration: Migration): Promise<void> {
  await client.query(await readFile(new URL(migration.name, directory), 'utf8'))
  await client.query('insert into hub.migrations (version, name) values ($1, $2)', [
    migration.version,
    migration.name,
  ])
}

/**
 * Gives an empty database the schema as it was at `version`, in the caller's transaction. False: it holds a hub
 * already.
 */
export async function createSchema(client: Client, version: number): Promise<boolean> {
  await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
  const found = await client.query(`select where to_regclass('hub.migrations') is not null`)
  if (found.rowCount) return false
  await currentVersion(client)
  for (const migration of await listMigrations())
    if (migration.version <= version) await execute(client, migration)
  return true
}

async function currentVersion(client: Client): Promise<number> {
  // Asked first: `if not exists` needs the right to create one even where there is one.
  const schema = await client.query<{ exists: boolean }>(
    `select exists (select from pg_namespace where nspname = 'hub') as exists`,
  )
  if (!schema.rows[0]?.exists) await client.query('create schema hub')
  await client.query(`
    create table if not exists hub.migrations (
      version     int         primary key,
      name        text        not null,
      applied_at  timestamptz not null default now()
    )`)
  const result = await client.query<{ version: number | null }>(
    'select max(version) as version from hub.migrations',
  )
  return result.rows[0]?.version ?? 0
}
