-- What `prisma db push` would make of schema.prisma.
create table if not exists invoices (
  id           text  primary key,
  customer_id  text  not null,
  amount       int   not null,
  status       text  not null default 'OPEN'
);

create table if not exists tasks (
  id      text  primary key,
  title   text  not null,
  status  text  not null default 'PENDING'
);
