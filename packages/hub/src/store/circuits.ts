import type { Circuit } from '../core/circuit.ts'
import type { Pool } from './database.ts'

export type KeptCircuit = Pick<Circuit, 'forced' | 'reason' | 'sinceMs' | 'openMs' | 'probeAtMs'> & {
  readonly phase: 'closed' | 'open'
  /** How often people have forced it. */
  readonly wish: number
}

interface CircuitRow {
  integration_id: number
  state: 'closed' | 'open' | 'half-open'
  forced: boolean
  reason: string | null
  since: Date
  open_ms: number
  next_probe_at: Date | null
  wish: number
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
    wish: row.wish,
  }
}

/** What a node saw of the target. Null: it is not kept, for a person has forced the circuit since the wish it knew. */
export async function keepCircuit(
  pool: Pool,
  integrationId: number,
  circuit: Circuit,
  wish: number,
): Promise<KeptCircuit | null> {
  return write(
    pool,
    integrationId,
    circuit,
    wish,
    'set wish = excluded.wish',
    'where circuits.wish = excluded.wish',
  )
}

/** What a person wishes, whatever any node saw. */
export async function forceCircuit(
  pool: Pool,
  integrationId: number,
  circuit: Circuit,
): Promise<KeptCircuit> {
  const kept = await write(pool, integrationId, circuit, 1, 'set wish = circuits.wish + 1')
  if (!kept) throw new Error('the circuit was not returned')
  return kept
}

/** Returns it as it is read again. */
async function write(
  pool: Pool,
  integrationId: number,
  circuit: Circuit,
  wish: number,
  setWish: string,
  condition = '',
): Promise<KeptCircuit | null> {
  const { rows } = await pool.query<CircuitRow>(
    `insert into hub.circuits (integration_id, state, forced, reason, since, open_ms, next_probe_at, wish)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (integration_id) do update
     ${setWish}, state = excluded.state, forced = excluded.forced, reason = excluded.reason,
       since = excluded.since, open_ms = excluded.open_ms, next_probe_at = excluded.next_probe_at
     ${condition}
     returning *`,
    [
      integrationId,
      circuit.phase,
      circuit.forced,
      circuit.reason,
      new Date(circuit.sinceMs),
      circuit.openMs,
      circuit.probeAtMs === null ? null : new Date(circuit.probeAtMs),
      wish,
    ],
  )
  const [row] = rows
  return row ? toKept(row) : null
}
