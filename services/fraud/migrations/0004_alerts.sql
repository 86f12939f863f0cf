-- What people who look after fraud were told, as it was told.
-- append only
create table alerts (
  project_id text not null,
  id text not null,
  payment_id text not null,
  kind text not null,
  score bigint not null,
  reasons text not null,
  raised_at bigint not null,
  primary key (project_id, id)
);
create index alerts_kind on alerts (project_id, kind, id);
