-- Who did what. A row is written once and deleted by the purge alone, whose own record says what went. The mark
-- `append only` would take the purge's delete away as well, so records cannot have it: that a row was not
-- touched is proven by the chain, and no statement of the service updates one.
create table records (
  project_id text not null,
  id text not null,
  occurred_at bigint not null,
  recorded_at bigint not null,
  class text not null,
  actor text not null,
  action text not null,
  object_kind text not null,
  object_id text not null,
  outcome text not null,
  source text not null,
  correlation_id text not null,
  causation text,
  subject text,
  details text not null, -- JSON as it came, never `jsonb`, which would write it anew and break its hash
  primary key (project_id, id)
);
-- Lists are newest first, so the index of each filter ends in the order of the list.
create index records_time on records (project_id, occurred_at, id);
create index records_actor on records (project_id, actor, occurred_at, id);
create index records_action on records (project_id, action, occurred_at, id);
create index records_object on records (project_id, object_id, occurred_at, id);
create index records_correlation on records (project_id, correlation_id, occurred_at, id);

-- Records that wait for their seal. An id begins with its time, so the oldest come first; one that is stored
-- late with an early id is simply the next.
create table unsealed (
  record_id text not null,
  project_id text not null,
  primary key (record_id, project_id)
);

-- One row a project, written by each transaction that lengthens its chain: the second of two at once loses the
-- race and runs again, on the end that the first one made.
create table chains (
  project_id text primary key,
  turns bigint not null
);

-- The chain itself. Leaves stay when their records go.
-- append only
create table leaves (
  project_id text not null,
  seq bigint not null,
  record_id text not null,
  class text not null,
  leaf bytea not null,
  chain bytea not null,
  primary key (project_id, seq)
);
create unique index leaves_record_key on leaves (project_id, record_id);

-- append only
create table blocks (
  project_id text not null,
  number bigint not null,
  first_seq bigint not null,
  last_seq bigint not null,
  root bytea not null,
  head bytea not null,
  previous bytea not null,
  hash bytea not null,
  sealed_at bigint not null,
  key_id text not null,
  signature bytea not null,
  primary key (project_id, number)
);
-- The block that holds an entry.
create unique index blocks_last_seq_key on blocks (project_id, last_seq);
-- The last block that is old enough to be purged.
create index blocks_sealed_at on blocks (project_id, sealed_at, last_seq);

-- The keys of persons, wrapped with the platform's. Without the row the details about that person are noise.
create table subject_keys (
  project_id text not null,
  subject text not null,
  wrapped text not null,
  primary key (project_id, subject)
);

-- How long a project keeps its records; a project without a row keeps to the defaults.
create table retention (
  project_id text primary key,
  operational_days bigint not null,
  financial_days bigint not null,
  version bigint not null
);

-- How far the purge of each class has come, so that it does not walk over what is gone already.
create table purged (
  project_id text not null,
  class text not null,
  last_seq bigint not null,
  primary key (project_id, class)
);
