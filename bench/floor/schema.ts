/** No more than durability asks for: what was accepted, what is still owed, and what was tried. */
export const schemaSql = `
  create schema floor;
  create table floor.events (id uuid primary key, content_type text, body bytea not null);
  alter table floor.events alter column body set storage external;
  create table floor.queue (seq bigint primary key, event_id uuid not null)
    with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
          autovacuum_vacuum_cost_delay = 1);
  create table floor.attempts (
    seq bigint not null, event_id uuid not null, started_at timestamptz not null,
    duration_ms int not null, http_status int not null)`

export const copyEventsSql = 'copy floor.events (id, content_type, body) from stdin (format binary)'
export const copyQueueSql = 'copy floor.queue (seq, event_id) from stdin (format binary)'
export const copyAttemptsSql =
  'copy floor.attempts (seq, event_id, started_at, duration_ms, http_status) from stdin (format binary)'

export function deleteQueueRowsSql(seqs: readonly number[]): string {
  return `delete from floor.queue where seq = any('{${seqs.join(',')}}')`
}
