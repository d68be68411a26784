-- Deliveries that a node is asked to hand back from its memory, for as long as somebody waits for it.
create table hub.recalls (
  integration_id  int         not null,
  seq             bigint      not null,
  until           timestamptz not null,
  primary key (integration_id, seq)
);
