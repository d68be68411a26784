-- Deliveries that a broker hands to a node: they are owned by minus the id, until a node takes them or the time is over.
create table hub.publications (
  id              bigint      generated always as identity primary key,
  integration_id  int         not null,
  seqs            bigint[]    not null,
  free_at         timestamptz not null
);
