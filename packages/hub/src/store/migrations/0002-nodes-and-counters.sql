-- A node is alive while its lease lasts, by the database's clock. Whoever finds a lease ended deletes the row and
-- frees what its epoch owned, in one transaction.
create sequence hub.epochs;

create table hub.nodes (
  epoch        bigint      primary key,
  node_key     text        not null unique,
  lease_until  timestamptz not null,
  started_at   timestamptz not null,
  host         text        not null,
  version      text        not null
);

-- Sums of what happened, added to in the transaction that did it. A row lives for a minute, so that no row ever
-- gathers many versions behind a long snapshot; old minutes are folded into the row of minute '-infinity'.
create table hub.counters (
  integration_id  int         not null,
  node_key        text        not null,
  -- the flushes of a node run side by side and must not wait for each other's row
  side            text        not null check (side in ('ingest', 'outcome', 'person')),
  minute          timestamptz not null,
  -- net: what is in the queue, of it what waits for more than the time its event asks for, in dead letters now
  queued          bigint      not null default 0,
  timed           bigint      not null default 0,
  dead            bigint      not null default 0,
  manual          bigint      not null default 0,
  -- totals
  delivered       bigint      not null default 0,
  cancelled       bigint      not null default 0,
  attempts        bigint      not null default 0,
  failures        bigint      not null default 0,
  primary key (integration_id, node_key, side, minute)
) with (fillfactor = 50);

create table hub.circuits (
  integration_id  int         primary key,
  state           text        not null check (state in ('closed', 'open', 'half-open')),
  forced          boolean     not null,
  reason          text,
  since           timestamptz not null,
  open_ms         int         not null,
  next_probe_at   timestamptz
);
