import type { BenchPostgres } from '../postgres.ts'

export async function countBySql(postgres: BenchPostgres, rows: string): Promise<number> {
  const [row] = await postgres.query<{ count: number }>(`select count(*)::int as count from ${rows}`)
  return row?.count ?? NaN
}

/** The first of the UUIDv7s that are made from then on. */
export function firstIdSince(unixMs: number): string {
  const hex = unixMs.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
