-- The log: what was accepted, immutable. One partition a day, by the time inside the UUIDv7.
create table hub.events (
  id              uuid    not null,
  seq             bigint  not null,
  source_id       int     not null,
  type            text    not null check (type <> ''),
  subject         text,
  attributes      json,
  content_type    text,
  body            bytea   not null,
  sha256          bytea   not null check (octet_length(sha256) = 32),
  headers         json,
  -- null: the event's own id
  correlation_id  text,
  causation_id    text,
  deliver_at      timestamptz,
  -- what event_keys holds for this event, so that it can be forgotten together with it
  key_hash        uuid,
  -- the integrations that wanted it when it was accepted
  routes          int[]   not null,
  schema_id       int,
  primary key (id)
) partition by range (id);

-- Payloads are not compressed: pglz costs more CPU than the rest of an insert together.
alter table hub.events alter column body set storage external;

create index events_subject on hub.events (subject, id) where subject is not null;
create index events_correlation on hub.events (correlation_id, id) where correlation_id is not null;

-- What is still owed (waiting, dead, being replayed) when its partition is dropped.
create table hub.events_kept (like hub.events including defaults including constraints including storage);
alter table hub.events_kept add primary key (id);
create index events_kept_subject on hub.events_kept (subject, id) where subject is not null;
create index events_kept_correlation on hub.events_kept (correlation_id, id) where correlation_id is not null;

-- Events before this id are about to be dropped: a replay may not begin with them any more.
create table hub.event_horizon (
  only_row  boolean primary key default true check (only_row),
  first_id  uuid not null
);
insert into hub.event_horizon (first_id) values ('00000000-0000-0000-0000-000000000000');

-- Values grow by a block: a flush takes one value and numbers its events inside the block, so a later acceptance
-- has a higher seq on any node, whatever the clocks say.
create sequence hub.event_seq increment by 1000 minvalue 1000 start with 1000 cache 1;

create table hub.event_keys (
  -- 16 bytes of sha-256 over (source id, idempotency key)
  key_hash   uuid primary key,
  event_id   uuid not null,
  -- 16 bytes of the body's sha-256
  body_hash  uuid not null
);

create table hub.business_keys (
  name      text not null,
  value     text not null,
  event_id  uuid not null,
  primary key (name, value, event_id)
);

-- To forget them together with their events.
create index business_keys_event on hub.business_keys (event_id);

-- One row per delivery that has not ended; deleted when it ends. No foreign keys: they would lock what they point at.
create table hub.queue (
  integration_id  int      not null,
  seq             bigint   not null,
  event_id        uuid     not null,
  body_bytes      int      not null,
  -- null: due at once
  due             timestamptz,
  -- the epoch of the node that holds it in memory; null: free
  owner           bigint,
  -- tries made; those that count against the policy; those of them forgiven when a person retried it
  attempts        int      not null default 0,
  counted         int      not null default 0,
  forgiven        int      not null default 0,
  -- integrations with order: a hash of the subject
  subject_key     bigint,
  -- when the policy's clock began, or begins with the time that the event asks for; null: at acceptance
  restarted_at    timestamptz,
  replay_id       bigint,
  last_error      text,
  primary key (integration_id, seq)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2,
        autovacuum_vacuum_cost_delay = 1);

create index queue_due on hub.queue (integration_id, due) where due is not null;
create index queue_subject on hub.queue (integration_id, subject_key, seq) where subject_key is not null;
create index queue_replay on hub.queue (replay_id, integration_id, seq) where replay_id is not null;

-- Append-only. An ended delivery has exactly one row with `ended` per life (a retried dead letter lives again).
create table hub.attempts (
  at              timestamptz not null,
  integration_id  int         not null,
  seq             bigint      not null,
  event_id        uuid        not null,
  -- 0: no try was made (cancelled, expired)
  n               int         not null,
  started_at      timestamptz not null,
  duration_ms     int         not null,
  outcome         text        not null,
  ended           text        check (ended in ('delivered', 'dead', 'manual', 'cancelled', 'resolved')),
  counted         boolean     not null,
  http_status     int,
  error_class     text,
  error           text,
  response_body   bytea,
  replay_id       bigint
) partition by range (at);

create index attempts_delivery on hub.attempts (integration_id, seq);

create table hub.dead_letters (
  integration_id  int         not null,
  seq             bigint      not null,
  event_id        uuid        not null,
  body_bytes      int         not null,
  state           text        not null check (state in ('dead', 'manual')),
  died_at         timestamptz not null,
  attempts        int         not null,
  counted         int         not null,
  error_class     text        not null,
  -- the error with what varies taken out, for grouping
  message         text        not null,
  error           text        not null,
  http_status     int,
  replay_id       bigint,
  primary key (integration_id, seq)
);

create index dead_letters_class on hub.dead_letters (integration_id, error_class, seq);
create index dead_letters_event on hub.dead_letters (event_id);

create table hub.replays (
  id              bigint generated always as identity primary key,
  integration_id  int         not null,
  request         jsonb       not null,
  state           text        not null check (state in ('running', 'done', 'cancelled')),
  -- how far history or the dead letters have been walked
  position        jsonb,
  -- null: too many to be counted before it began
  total           bigint,
  started         bigint      not null default 0,
  skipped         bigint      not null default 0,
  created_at      timestamptz not null default now(),
  ended_at        timestamptz
);

create index replays_unended on hub.replays (id) where ended_at is null;

-- Deliveries of an event beyond those of its acceptance.
create table hub.redeliveries (
  event_id        uuid   not null,
  integration_id  int    not null,
  seq             bigint not null,
  replay_id       bigint not null,
  primary key (event_id, integration_id, seq)
);
