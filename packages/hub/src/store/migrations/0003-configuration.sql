create table hub.config_version (
  only_row  boolean primary key default true check (only_row),
  version   bigint  not null
);
insert into hub.config_version (version) values (1);

-- Deleted rows stay as tombstones: ids are never reused, and old events still name their source.
create table hub.sources (
  id          int generated always as identity primary key,
  name        text        not null,
  revision    int         not null default 1,
  -- secrets inside are encrypted
  spec        jsonb       not null,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  deleted_at  timestamptz
);
create unique index sources_name on hub.sources (name) where deleted_at is null;

create table hub.integrations (
  id              int generated always as identity primary key,
  name            text        not null,
  revision        int         not null default 1,
  spec            jsonb       not null,
  -- encrypted
  signing         jsonb       not null,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  deleted_at      timestamptz
);
create unique index integrations_name on hub.integrations (name) where deleted_at is null;

create table hub.keys (
  id            int generated always as identity primary key,
  name          text        not null,
  -- the beginning of the key, to recognise it by
  prefix        text        not null,
  hash          bytea       not null unique check (octet_length(hash) = 32),
  role          text,
  scopes        text[]      not null,
  source_id     int,
  created_at    timestamptz not null default now(),
  expires_at    timestamptz,
  last_used_at  timestamptz,
  revoked_at    timestamptz
);

create table hub.audit (
  id       bigint generated always as identity primary key,
  at       timestamptz not null default now(),
  actor    text        not null,
  action   text        not null,
  subject  text        not null,
  detail   jsonb       not null default '{}'
);

create index audit_subject on hub.audit (subject, id);
