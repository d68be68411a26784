import pg from 'pg'
import type { Statement } from './burst.ts'
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
    for (const field in change) sums[field as keyof Change] += change[field as keyof Change] ?? 0
  }

  /** By integration id, so that concurrent transactions take the rows in the same order. */
  entries(): readonly (readonly [number, Required<Change>])[] {
    return [...this.#changes].toSorted(([a], [b]) => a - b)
  }
}

/** Adds what a transaction changed, as part of it. */
export function addCounters(nodeKey: string, side: Side, changes: CounterChanges): readonly Statement[] {
  const entries = changes.entries()
  if (entries.length === 0) return []
  const key = `${pg.escapeLiteral(nodeKey)}, '${side}', date_trunc('minute', now())`
  const rows = entries.map(
    ([integrationId, change]) => `(${integrationId}, ${key}, ${fields.map((field) => change[field]).join()})`,
  )
  return [
    {
      sql: `insert into hub.counters as c (integration_id, node_key, side, minute, ${fields.join()})
            values ${rows.join()}
            on conflict (integration_id, node_key, side, minute) do update
            set ${fields.map((field) => `${field} = c.${field} + excluded.${field}`).join()}`,
    },
  ]
}

export async function addToCounters(
  client: Client,
  nodeKey: string,
  side: Side,
  changes: CounterChanges,
): Promise<void> {
  for (const { sql } of addCounters(nodeKey, side, changes)) await client.query(sql)
}
