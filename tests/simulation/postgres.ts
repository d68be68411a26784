import pg from 'pg'
import { realDelay, time } from './virtual-time.ts'

const tables = [
  'events',
  'events_kept',
  'event_keys',
  'business_keys',
  'queue',
  'attempts',
  'dead_letters',
  'replays',
  'redeliveries',
  'counters',
  'nodes',
  'circuits',
  'recalls',
  'audit',
]

/**
 * The database of a simulation, as its schedule sees it: on the schedule's clock, and empty at the beginning. `now()`
 * and `clock_timestamp()` are found in a schema that goes before PostgreSQL's own.
 */
export class Postgres {
  readonly #client: pg.Client
  #clockMs = 0

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async prepare(url: string): Promise<Postgres> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const { pathname, password } = new URL(url)
    const name = pathname.slice(1)
    // The password is proved anew by each of a schedule's thirty connections: with as little reckoning as there is.
    await client.query(`
      create schema simulation;
      create table simulation.clock (now timestamptz not null);
      insert into simulation.clock values ('epoch');
      create function simulation.now() returns timestamptz language sql stable as 'select now from simulation.clock';
      create function simulation.clock_timestamp() returns timestamptz language sql stable as 'select now from simulation.clock';
      alter database ${pg.escapeIdentifier(name)} set search_path = simulation, pg_catalog, public;
      alter database ${pg.escapeIdentifier(name)} set synchronous_commit = off;
      set scram_iterations = 1;
      alter role current_user password ${pg.escapeLiteral(decodeURIComponent(password))};
    `)
    // Statistics that come when they like would change plans, and with them the order of rows.
    const { rows } = await client.query<{ statements: string }>(
      `select string_agg(format('alter table hub.%I set (autovacuum_enabled = false)', relname), '; ') as statements
       from pg_class where relnamespace = 'hub'::regnamespace and relkind = 'r'`,
    )
    await client.query(rows[0]?.statements ?? '')
    return new Postgres(client)
  }

  async end(): Promise<void> {
    await this.#client.end()
  }

  async empty(): Promise<void> {
    const { rows } = await this.#client.query<{ sequences: string | null }>(
      `select string_agg(format('alter sequence %I.%I restart', schemaname, sequencename), '; ') as sequences
       from pg_sequences where schemaname = 'hub' and sequencename in ('event_seq', 'epochs')`,
    )
    await this.#client.query(`
      truncate ${tables.map((table) => `hub.${table}`).join(', ')} restart identity;
      ${rows[0]?.sequences ?? ''};
    `)
    this.#clockMs = 0
  }

  /** What runs next sees the schedule's time. */
  async setClock(): Promise<void> {
    if (this.#clockMs === time.nowMs) return
    this.#clockMs = time.nowMs
    await this.#client.query('update simulation.clock set now = to_timestamp($1::float8 / 1000)', [
      time.nowMs,
    ])
  }

  async waitsForLock(pid: number): Promise<boolean> {
    const { rowCount } = await this.#client.query('select from pg_locks where pid = $1 and not granted', [
      pid,
    ])
    return (rowCount ?? 0) > 0
  }

  async endBackend(pid: number): Promise<void> {
    await this.#client.query('select pg_terminate_backend($1)', [pid])
    for (;;) {
      const { rowCount } = await this.#client.query('select from pg_stat_activity where pid = $1', [pid])
      if (rowCount === 0) return
      await realDelay(0)
    }
  }

  async rows<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const { rows } = await this.#client.query<Row>(sql, [...values])
    return rows
  }
}
