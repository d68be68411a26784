import type { Circuit } from '../core/circuit.ts'
import type { Pool } from './database.ts'

export type KeptCircuit = Pick<Circuit, 'forced' | 'reason' | 'sinceMs' | 'openMs' | 'probeAtMs'> & {
  readonly phase: 'closed' | 'open'
}

interface CircuitRow {
  integration_id: number
  state: 'closed' | 'open' | 'half-open'
  forced: boolean
  reason: string | null
  since: Date
  open_ms: number
  next_probe_at: Date | null
}

/** Circuits as they were last kept, by integration id. */
export async function loadCircuits(pool: Pool): Promise<ReadonlyMap<number, KeptCircuit>> {
  const result = await pool.query<CircuitRow>('select * from hub.circuits')
  return new Map(result.rows.map((row) => [row.integration_id, toKept(row)]))
}

function toKept(row: CircuitRow): KeptCircuit {
  return {
    // A probe that was under way is forgotten: the next one goes out when its time comes.
    phase: row.state === 'closed' ? 'closed' : 'open',
    forced: row.forced,
    reason: row.reason,
    sinceMs: row.since.getTime(),
    openMs: row.open_ms,
    probeAtMs: row.next_probe_at?.getTime() ?? null,
  }
}

/**
 * Returns it as it is read again; null: it is not kept, because a person opened it meanwhile, perhaps at another node.
 */
export async function keepCircuit(
  pool: Pool,
  integrationId: number,
  circuit: Circuit,
  byPerson: boolean,
): Promise<KeptCircuit | null> {
  const { rows } = await pool.query<CircuitRow>(
    `insert into hub.circuits (integration_id, state, forced, reason, since, open_ms, next_probe_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (integration_id) do update
     set state = excluded.state, forced = excluded.forced, reason = excluded.reason, since = excluded.since,
         open_ms = excluded.open_ms, next_probe_at = excluded.next_probe_at
     where $8 or not circuits.forced
     returning *`,
    [
      integrationId,
      circuit.phase,
      circuit.forced,
      circuit.reason,
      new Date(circuit.sinceMs),
      circuit.openMs,
      circuit.probeAtMs === null ? null : new Date(circuit.probeAtMs),
      byPerson,
    ],
  )
  const [row] = rows
  return row ? toKept(row) : null
}
