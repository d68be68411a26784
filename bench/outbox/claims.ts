import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { createOutbox, fromPg } from '../../packages/outbox/src/index.ts'
import { claim } from '../../packages/outbox/src/store/claim.ts'
import { insertInstance } from '../../packages/outbox/src/store/instances.ts'
import { openSession, type Session } from '../../packages/outbox/src/store/session.ts'
import { percentile } from './scenarios.ts'

export interface Filling {
  readonly name: string
  readonly processed: number
  readonly waiting: number
  /** Due in an hour, as after failures. */
  readonly later: number
  /** Waiting for a consumer that no process handles. */
  readonly absent: number
}

const batchSize = 10
const claimsPerTurn = 60
const turns = 5

/** Median milliseconds of a claim on tables filled in different ways, measured in turns. */
export async function measureClaims(url: string, fillings: readonly Filling[]): Promise<Map<string, number>> {
  const pool = new pg.Pool({ connectionString: url })
  // The server may stop before the last of its idle connections has closed.
  pool.on('error', () => undefined)
  const tables = []
  for (const [index, filling] of fillings.entries())
    tables.push({ filling, times: [] as number[], ...(await fill(pool, `claims_${index}`, filling)) })
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { session, instanceId, times } of tables) {
      for (let count = 0; count < claimsPerTurn; count += 1) times.push(await claimOnce(session, instanceId))
    }
  }
  await pool.end()
  return new Map(tables.map(({ filling, times }) => [filling.name, percentile(times, 0.5)]))
}

async function claimOnce(session: Session, instanceId: string): Promise<number> {
  const lane = { consumerId: 1, eventName: 'order.placed', priority: 0, room: batchSize }
  const beganMs = performance.now()
  const rows = await claim(session, { instanceId, token: randomUUID(), lanes: [lane] }, batchSize)
  const tookMs = performance.now() - beganMs
  if (rows.length !== batchSize) throw new Error(`claimed ${rows.length} rows instead of ${batchSize}`)
  return tookMs
}

async function fill(pool: pg.Pool, schema: string, { processed, waiting, later, absent }: Filling) {
  const db = fromPg(pool)
  await createOutbox({ db, schema }).migrate()
  const session = openSession(db, schema)
  const instanceId = randomUUID()
  await insertInstance(session, instanceId, 'bench', 3_600_000)
  await session.query(`insert into ${schema}.events (id, event_name, source_module, aggregate_type, aggregate_id,
      payload, metadata, correlation_id, schema_version, occurred_at)
    select gen_random_uuid(), 'order.placed', 'shop', 'Order', n::text, '{}', '{}', '', 1, now()
    from generate_series(1, ${processed + waiting + later + absent}) n`)
  await insertRows(session, 1, 1, processed, `'processed', null, now()`)
  await insertRows(session, 1, processed + 1, later, `'failed', now() + interval '1 hour', null`)
  await insertRows(session, 2, processed + later + 1, absent, `'received', now(), null`)
  await insertRows(session, 1, processed + later + absent + 1, waiting, `'received', now(), null`)
  await session.query(`vacuum analyze ${schema}.inbox`)
  await session.query(`vacuum analyze ${schema}.events`)
  return { session, instanceId }
}

async function insertRows(
  session: Session,
  consumerId: number,
  fromSeq: number,
  count: number,
  state: string,
) {
  if (count === 0) return
  await session.query(`insert into ${session.schema}.inbox (event_seq, consumer_id, event_name, state, due_at, finished_at)
    select n, ${consumerId}, 'order.placed', ${state} from generate_series(${fromSeq}, ${fromSeq + count - 1}) n`)
}
