import type { Session } from './session.ts'

export async function readSettings(session: Session): Promise<readonly (readonly [string, unknown])[]> {
  const rows = await session.query<{ key: string; value: string }>(
    `select key, value::text as value from ${session.schema}.settings`,
  )
  return rows.map((row) => [row.key, JSON.parse(row.value)] as const)
}

export async function writeSetting(session: Session, key: string, value: boolean | number): Promise<void> {
  await session.query(
    `insert into ${session.schema}.settings (key, value) values ($1, $2::text::json)
    on conflict (key) do update set value = excluded.value, changed_at = now()`,
    [key, JSON.stringify(value)],
  )
}

export async function deleteSetting(session: Session, key: string): Promise<void> {
  await session.query(`delete from ${session.schema}.settings where key = $1`, [key])
}
