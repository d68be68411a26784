-- What all nodes of this database have in common.
create table hub.installation (
  only_row       boolean primary key default true check (only_row),
  -- tells this hub from others that share a broker with it
  name           text    not null default substr(md5(random()::text || clock_timestamp()::text), 1, 12),
  -- names the key that stored secrets are encrypted with, and does not tell it; null: nobody has started yet
  secret_key_id  text
);
insert into hub.installation default values;
