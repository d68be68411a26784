import { OutboxError } from '../core/errors.ts'
import { knownVersion, type Migration, migrations } from './migrations/index.ts'
import type { Session } from './session.ts'

/** Applies one migration, or none that is left, inside the transaction of the session; tells whether it did. */
export async function migrateOnce(session: Session): Promise<boolean> {
  // Held until the transaction ends, so that instances that start at once take turns, also behind a pooler.
  await session.query(`select pg_advisory_xact_lock(${lockKey(session, 'migrate')})::text`)
  const version = await readVersion(session)
  refuseNewer(version)
  const next = migrations.find((migration) => migration.version > version)
  if (next) await apply(session, next)
  return next !== undefined
}

/** Refuses to work on tables that are missing, or that this version does not know. */
export async function checkVersion(session: Session): Promise<void> {
  const version = await readVersion(session)
  refuseNewer(version)
  if (version === knownVersion) return
  throw new OutboxError(
    'not_migrated',
    `The schema ${session.schema} has version ${version} of the outbox tables, this library needs ${knownVersion}. ` +
      'Call outbox.migrate() once before start().',
  )
}

/** The argument of an advisory lock that this installation has for itself. */
export function lockKey(session: Session, purpose: string): string {
  return `hashtextextended('integration-hub/outbox ${purpose} ${session.schema}', 0)`
}

async function apply(session: Session, migration: Migration): Promise<void> {
  // Asked first, because a role that may not create schemas may not even say "if not exists".
  if (!(await exists(session, `to_regnamespace('${session.schema}')`)))
    await session.query(`create schema ${session.schema}`)
  if (!(await hasMigrations(session))) await session.query(migrationsTable(session.schema))
  for (const statement of migration.statements(session.schema)) await session.query(statement)
  await session.query(`insert into ${session.schema}.migrations (version, name) values ($1, $2)`, [
    migration.version,
    migration.name,
  ])
}

function migrationsTable(schema: string): string {
  return `create table ${schema}.migrations (
    version     int          primary key,
    name        text         not null,
    applied_at  timestamptz  not null default now()
  )`
}

async function readVersion(session: Session): Promise<number> {
  if (!(await hasMigrations(session))) return 0
  const [row] = await session.query<{ version: number }>(
    `select coalesce(max(version), 0) as version from ${session.schema}.migrations`,
  )
  return row?.version ?? 0
}

function hasMigrations(session: Session): Promise<boolean> {
  return exists(session, `to_regclass('${session.schema}.migrations')`)
}

async function exists(session: Session, name: string): Promise<boolean> {
  const [row] = await session.query<{ present: boolean }>(`select ${name} is not null as present`)
  return row?.present === true
}

function refuseNewer(version: number): void {
  if (version <= knownVersion) return
  throw new OutboxError(
    'newer_schema',
    `The outbox tables were written by a newer version of this library (schema ${version}, this one knows ${knownVersion}). ` +
      'Deploy that version or a newer one; an older one would damage what it does not know.',
  )
}
