-- How often people forced the circuit. What a node sees of the target is written only over the wish that it knows.
alter table hub.circuits add column wish bigint not null default 0;
