import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createEventId, eventTime } from '../core/ids.ts'
import { openPool, type Pool } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { createPartitions, dayMs, ensurePartitions, startOfDay } from '../store/partitions.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

/** What tests call the one integration and source that most of them need. */
export const shopId = 1
export const billingId = 1
export const parkingId = 2

/**
 * A migrated database with the source `shop`, the integrations `billing` and `parking`, and the partitions of a few
 * days, into which tests put rows as the hot path would have left them.
 */
export class TestStore {
  readonly url: string
  readonly pool: Pool
  readonly #drop: () => Promise<void>
  #lastSeq = 1_000
  #lastMs = 0

  private constructor({ url, drop }: TestDatabase, pool: Pool) {
    this.url = url
    this.pool = pool
    this.#drop = drop
  }

  static async create(): Promise<TestStore> {
    const database = await createTestDatabase()
    await migrate(database.url)
    const pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 8 }, assert.fail)
    const store = new TestStore(database, pool)
    await ensurePartitions(pool, new Date())
    // Far above the seqs that are given to rows here.
    await pool.query(`select setval('hub.event_seq', 1000000)`)
    await store.addSource('shop')
    await store.addIntegration('billing')
    await store.addIntegration('parking')
    return store
  }

  async close(): Promise<void> {
    await this.pool.end()
    await this.#drop()
  }

  /** Everything but the configuration. */
  async empty(): Promise<void> {
    await this.pool.query(`truncate hub.events, hub.events_kept, hub.event_keys, hub.business_keys, hub.queue,
      hub.attempts, hub.dead_letters, hub.replays, hub.redeliveries, hub.counters, hub.nodes, hub.circuits, hub.recalls, hub.audit`)
  }

  async addSource(name: string): Promise<number> {
    const { rows } = await this.pool.query<{ id: number }>(
      `insert into hub.sources (name, spec) values ($1, '{}') returning id`,
      [name],
    )
    return rows[0]?.id ?? 0
  }

  async addIntegration(name: string): Promise<number> {
    const { rows } = await this.pool.query<{ id: number }>(
      `insert into hub.integrations (name, spec, signing) values ($1, '{}', '{}') returning id`,
      [name],
    )
    return rows[0]?.id ?? 0
  }

  async addDays(...times: readonly Date[]): Promise<void> {
    await createPartitions(this.pool, times.map(startOfDay))
  }

  nextSeq(): number {
    return ++this.#lastSeq
  }

  /** Two events of one millisecond would have no order. */
  #nextMs(): number {
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 1)
    return this.#lastMs
  }

  async addEvent(event: Partial<EventSeed> = {}): Promise<SeededEvent> {
    const id = event.id ?? createEventId(event.time?.getTime() ?? this.#nextMs(), randomBytes(10))
    const seq = event.seq ?? this.nextSeq()
    const body = event.body ?? Buffer.from('{}')
    await this.pool.query(
      `insert into hub.events (id, seq, source_id, type, subject, attributes, content_type, body, sha256, headers,
                               correlation_id, causation_id, deliver_at, key_hash, routes)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
      [
        id,
        seq,
        event.sourceId ?? shopId,
        event.type ?? 'order.created',
        event.subject ?? null,
        event.attributes ? JSON.stringify(event.attributes) : null,
        event.contentType ?? null,
        body,
        createHash('sha256').update(body).digest(),
        event.headers ? JSON.stringify(event.headers) : null,
        event.correlationId ?? null,
        event.causationId ?? null,
        event.deliverAt ?? null,
        event.keyHash ?? null,
        event.routes ?? [],
      ],
    )
    return { id, seq }
  }

  /** An event on its way: its deliveries wait. */
  async addWaiting(
    integrationIds: readonly number[],
    row: Partial<QueueSeed> = {},
    event: Partial<EventSeed> = {},
  ): Promise<SeededEvent> {
    const seeded = await this.addEvent({ routes: integrationIds, ...event })
    for (const integrationId of integrationIds) await this.addQueueRow({ ...row, ...seeded, integrationId })
    return seeded
  }

  /** An event whose deliveries ended. */
  async addEnded(
    integrationIds: readonly number[],
    ended: 'delivered' | 'cancelled' | 'resolved',
    event: Partial<EventSeed> = {},
  ): Promise<SeededEvent> {
    const seeded = await this.addEvent({ routes: integrationIds, ...event })
    for (const integrationId of integrationIds) await this.addAttempt({ ...seeded, integrationId, ended })
    return seeded
  }

  /** An event whose deliveries are dead or wait for a person. */
  async addDead(
    integrationIds: readonly number[],
    letter: Partial<DeadSeed> = {},
    event: Partial<EventSeed> = {},
  ): Promise<SeededEvent> {
    const seeded = await this.addEvent({ routes: integrationIds, ...event })
    for (const integrationId of integrationIds)
      await this.addDeadLetter({ ...letter, ...seeded, integrationId })
    return seeded
  }

  async addQueueRow(row: QueueSeed & DeliverySeed): Promise<void> {
    await this.pool.query(
      `insert into hub.queue (integration_id, seq, event_id, body_bytes, due, owner, attempts, counted, forgiven,
                              subject_key, restarted_at, replay_id, last_error)
       values ($1, $2, $3, 2, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        row.integrationId,
        row.seq,
        row.id,
        row.due ?? null,
        row.owner ?? null,
        row.attempts ?? 0,
        row.counted ?? row.attempts ?? 0,
        row.forgiven ?? 0,
        row.subjectKey ?? null,
        row.restartedAt ?? null,
        row.replayId ?? null,
        row.lastError ?? null,
      ],
    )
    const isTimed = row.due && (row.attempts || row.due.getTime() !== row.restartedAt?.getTime())
    await this.#count(row.integrationId, { queued: 1, timed: isTimed ? 1 : 0 })
  }

  /** With the attempt of which it died, as the hot path writes both. */
  async addDeadLetter(letter: DeadSeed & DeliverySeed): Promise<void> {
    const state = letter.state ?? 'dead'
    const attempts = letter.attempts ?? 3
    const errorClass = letter.errorClass ?? 'status'
    const error = letter.error ?? 'the target answered 500'
    await this.pool.query(
      `insert into hub.dead_letters (integration_id, seq, event_id, body_bytes, state, died_at, attempts, counted,
                                     error_class, message, error, http_status)
       values ($1, $2, $3, 2, $4, $5, $6, $6, $7, $8, $9, $10)`,
      [
        letter.integrationId,
        letter.seq,
        letter.id,
        state,
        letter.diedAt ?? new Date(),
        attempts,
        errorClass,
        letter.message ?? error,
        error,
        letter.httpStatus ?? 500,
      ],
    )
    await this.#count(letter.integrationId, { [state]: 1 })
    const { id, integrationId, seq } = letter
    await this.addAttempt({
      id,
      integrationId,
      seq,
      n: attempts,
      outcome: 'failed',
      ended: state,
      error,
      errorClass,
    })
  }

  async addAttempt(attempt: AttemptSeed & DeliverySeed): Promise<void> {
    const at = attempt.at ?? new Date(Math.max(Date.now(), eventTime(attempt.id).getTime()))
    const outcome = attempt.outcome ?? (attempt.ended === 'cancelled' ? 'cancelled' : 'delivered')
    await this.pool.query(
      `insert into hub.attempts (at, integration_id, seq, event_id, n, started_at, duration_ms, outcome, ended, counted,
                                 http_status, error_class, error, response_body)
       values ($1, $2, $3, $4, $5, $1, 5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        at,
        attempt.integrationId,
        attempt.seq,
        attempt.id,
        attempt.n ?? (attempt.ended === 'cancelled' || attempt.ended === 'resolved' ? 0 : 1),
        outcome,
        attempt.ended ?? null,
        attempt.counted ?? attempt.n !== 0,
        attempt.httpStatus ?? null,
        attempt.errorClass ?? null,
        attempt.error ?? null,
        attempt.responseBody ?? null,
      ],
    )
  }

  async #count(integrationId: number, change: Readonly<Record<string, number>>): Promise<void> {
    for (const [field, value] of Object.entries(change)) {
      await this.pool.query(
        `insert into hub.counters as c (integration_id, node_key, side, minute, ${field})
         values ($1, 'seed', 'ingest', '-infinity', $2)
         on conflict (integration_id, node_key, side, minute) do update set ${field} = c.${field} + excluded.${field}`,
        [integrationId, value],
      )
    }
  }

  /** The sums of an integration's counters that are not zero. */
  async counters(integrationId: number): Promise<Record<string, number>> {
    const { rows } = await this.pool.query<Record<string, number>>(
      `select sum(queued)::int as queued, sum(timed)::int as timed, sum(dead)::int as dead, sum(manual)::int as manual,
         sum(delivered)::int as delivered, sum(cancelled)::int as cancelled
       from hub.counters where integration_id = $1`,
      [integrationId],
    )
    return Object.fromEntries(Object.entries(rows[0] ?? {}).filter(([, value]) => value))
  }
}

export function daysAgo(days: number): Date {
  return new Date(Date.now() - days * dayMs)
}

export interface SeededEvent {
  readonly id: string
  readonly seq: number
}

export interface DeliverySeed extends SeededEvent {
  readonly integrationId: number
}

export interface EventSeed {
  readonly id: string
  readonly seq: number
  readonly time: Date
  readonly sourceId: number
  readonly type: string
  readonly subject: string
  readonly attributes: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string
  readonly body: Buffer
  readonly correlationId: string
  readonly causationId: string
  readonly deliverAt: Date
  readonly keyHash: string
  readonly routes: readonly number[]
}

export interface QueueSeed {
  readonly due?: Date
  readonly owner?: number
  readonly attempts?: number
  readonly counted?: number
  readonly forgiven?: number
  readonly subjectKey?: number
  /** With `due` and no attempts: the time that the event asks for. */
  readonly restartedAt?: Date
  readonly replayId?: number
  readonly lastError?: string
}

export interface DeadSeed {
  readonly state?: 'dead' | 'manual'
  readonly diedAt?: Date
  readonly attempts?: number
  readonly errorClass?: string
  readonly message?: string
  readonly error?: string
  readonly httpStatus?: number
}

export interface AttemptSeed {
  readonly at?: Date
  readonly n?: number
  readonly outcome?: string
  readonly ended?: 'delivered' | 'dead' | 'manual' | 'cancelled' | 'resolved'
  readonly counted?: boolean
  readonly httpStatus?: number
  readonly errorClass?: string
  readonly error?: string
  readonly responseBody?: Buffer
}
