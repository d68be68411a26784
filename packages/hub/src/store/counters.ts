import type { Client } from './database.ts'

export type Side = 'ingest' | 'outcome' | 'person'

export interface Change {
  queued?: number
  timed?: number
  dead?: number
  manual?: number
  delivered?: number
  cancelled?: number
  attempts?: number
  failures?: number
}

const fields = [
  'queued',
  'timed',
  'dead',
  'manual',
  'delivered',
  'cancelled',
  'attempts',
  'failures',
] as const

/** What one transaction changed, by integration. */
export class CounterChanges {
  readonly #changes = new Map<number, Required<Change>>()

  add(integrationId: number, change: Change): void {
    let sums = this.#changes.get(integrationId)
    if (!sums) {
      sums = { queued: 0, timed: 0, dead: 0, manual: 0, delivered: 0, cancelled: 0, attempts: 0, failures: 0 }
      this.#changes.set(integrationId, sums)
    }
    for (const field of fields) sums[field] += change[field] ?? 0
  }

  /** By integration id, so that concurrent transactions take the rows in the same order. */
  entries(): readonly (readonly [number, Required<Change>])[] {
    return [...this.#changes].toSorted(([a], [b]) => a - b)
  }
}

const addSql = `
  insert into hub.counters as c (integration_id, node_key, side, minute, ${fields.join(', ')})
  select integration_id, $1, $2, date_trunc('minute', now()), ${fields.join(', ')}
  from unnest($3::int[], ${fields.map((_, index) => `$${index + 4}::bigint[]`).join(', ')})
    as change (integration_id, ${fields.join(', ')})
  on conflict (integration_id, node_key, side, minute) do update
  set ${fields.map((field) => `${field} = c.${field} + excluded.${field}`).join(', ')}`

export async function addToCounters(
  client: Client,
  nodeKey: string,
  side: Side,
  changes: CounterChanges,
): Promise<void> {
  const entries = changes.entries()
  if (entries.length === 0) return
  await client.query({
    name: 'add-to-counters',
    text: addSql,
    values: [
      nodeKey,
      side,
      entries.map(([integrationId]) => integrationId),
      ...fields.map((field) => entries.map(([, change]) => change[field])),
    ],
  })
}
