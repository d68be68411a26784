/** The tables. `schema` is quoted. */
export const tables = (schema: string): readonly string[] => [
  `create table ${schema}.events (
    seq             bigint       generated always as identity primary key,
    id              uuid         not null unique,
    event_name      text         not null,
    source_module   text         not null,
    aggregate_type  text         not null,
    aggregate_id    text         not null,
    payload         json         not null,
    metadata        json         not null,
    correlation_id  text         not null,
    causation_id    text,
    schema_version  int          not null check (schema_version >= 1),
    occurred_at     timestamptz  not null,
    published_at    timestamptz  not null default now()
  )`,
  `comment on table ${schema}.events is 'Facts, written in the transactions that they belong to; never updated'`,
  `create index events_published_at on ${schema}.events using brin (published_at)`,

  `create table ${schema}.fan_out (
    event_seq  bigint  primary key,
    xid        xid8    not null default pg_current_xact_id()
  ) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0)`,
  `comment on table ${schema}.fan_out is 'Events that have no inbox rows yet'`,

  `create table ${schema}.consumers (
    id          int          generated always as identity primary key,
    name        text         not null unique,
    created_at  timestamptz  not null default now()
  )`,

  `create table ${schema}.subscriptions (
    consumer_id    int          not null references ${schema}.consumers on delete cascade,
    pattern        text         not null,
    pattern_regex  text,
    is_ordered     boolean      not null,
    from_seq       bigint       not null,
    from_snapshot  pg_snapshot  not null default pg_current_snapshot(),
    backfill_seq   bigint,
    created_at     timestamptz  not null default now(),
    primary key (consumer_id, pattern)
  )`,
  `comment on column ${schema}.subscriptions.from_snapshot is
    'An event up to from_seq that this snapshot sees was there before the subscription, and is not for it'`,
  `comment on column ${schema}.subscriptions.backfill_seq is
    'While older events are still being given to it: the first one not yet looked at'`,

  `create table ${schema}.event_names (name text primary key)`,

  // No foreign keys: each would cost a lookup and a row lock per row on the busiest table. Events and consumers are
  // deleted together with their rows.
  `create table ${schema}.inbox (
    event_seq      bigint       not null,
    consumer_id    int          not null,
    event_name     text         not null,
    order_key      text,
    state          text         not null default 'received',
    due_at         timestamptz  default now(),
    attempts       int          not null default 0 check (attempts >= 0),
    interruptions  int          not null default 0 check (interruptions >= 0),
    generation     int          not null default 0 check (generation >= 0),
    instance_id    uuid,
    token          uuid,
    last_error     text,
    skip_reason    text,
    received_at    timestamptz  not null default now(),
    started_at     timestamptz,
    finished_at    timestamptz,
    primary key (event_seq, consumer_id),
    constraint known_state check (state in ('received', 'processing', 'processed', 'failed', 'skipped', 'dead')),
    constraint processing_is_owned check ((state = 'processing') = (token is not null and instance_id is not null)),
    constraint due_is_waiting check (due_at is null or (state in ('received', 'failed') and finished_at is null)),
    constraint ended_is_finished check (state not in ('processed', 'skipped', 'dead') or finished_at is not null),
    constraint unended_is_unfinished check (state not in ('received', 'processing') or finished_at is null)
  ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_vacuum_cost_delay = 0)`,
  `comment on column ${schema}.inbox.due_at is
    'From when it may be claimed; null while it is processed, when it has ended, and while an earlier event of its aggregate is unfinished'`,
  // The hot index: small whatever the table holds, because only what waits is in it.
  `create index inbox_waiting on ${schema}.inbox (consumer_id, event_name, due_at, event_seq) where due_at is not null`,
  `create index inbox_processing on ${schema}.inbox (instance_id) where state = 'processing'`,
  `create index inbox_in_order on ${schema}.inbox (consumer_id, order_key, event_seq)
    where order_key is not null and finished_at is null`,
  `create index inbox_dead on ${schema}.inbox (event_seq, consumer_id) where state = 'dead'`,

  `create table ${schema}.business_keys (
    consumer_id  int      not null,
    key          text     not null,
    event_seq    bigint   not null,
    is_done      boolean  not null,
    primary key (consumer_id, key)
  )`,
  `create index business_keys_of_event on ${schema}.business_keys (event_seq)`,

  `create table ${schema}.instances (
    id           uuid         primary key,
    name         text         not null,
    lease_until  timestamptz  not null,
    started_at   timestamptz  not null default now()
  )`,

  `create table ${schema}.settings (
    key         text         primary key,
    value       json         not null,
    changed_at  timestamptz  not null default now()
  )`,

  `create table ${schema}.links (
    id                  uuid         primary key default gen_random_uuid(),
    source_module       text         not null,
    source_entity_type  text         not null,
    source_entity_id    text         not null,
    target_module       text         not null,
    target_entity_type  text         not null,
    target_entity_id    text         not null,
    link_type           text         not null check (link_type in ('reference', 'cascade', 'aggregate_root')),
    metadata            json         not null,
    created_at          timestamptz  not null default now(),
    unique (source_module, source_entity_type, source_entity_id,
      target_module, target_entity_type, target_entity_id, link_type)
  )`,
  `create index links_of_target on ${schema}.links (target_module, target_entity_type, target_entity_id)`,
  `create index links_of_type on ${schema}.links (link_type, created_at)`,
]
