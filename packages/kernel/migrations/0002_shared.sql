-- What every service has besides its own tables and its outbox: one text for both engines.

-- How far each consumer of other services' events has come; written in the transaction of its effects.
create table cursors (
  source text primary key,
  position bigint not null
);

-- Events that came through a broker and were handled; one insert decides.
create table processed_events (
  event_id text primary key,
  processed_at bigint not null
);
create index processed_events_at on processed_events (processed_at);

create table jobs (
  id text primary key,
  project_id text not null,
  queue text not null,
  kind text not null,
  payload text not null,
  state text not null check (state in ('ready', 'running', 'done', 'dead', 'unknown')),
  due_at bigint not null,
  attempts bigint not null,
  lease_until bigint,
  fence bigint not null, -- counts the leases: a worker whose lease was taken over cannot write its outcome
  correlation_id text not null,
  traceparent text,
  error text,
  created_at bigint not null,
  finished_at bigint
);
create index jobs_due on jobs (queue, state, due_at);
create index jobs_project on jobs (project_id, state, created_at);
create index jobs_finished on jobs (state, finished_at);

create table schedules (
  name text primary key,
  next_at bigint not null
);

-- The answers to writes that carried an idempotency key.
create table idempotency_keys (
  project_id text not null,
  caller text not null,
  operation text not null,
  key text not null,
  fingerprint text not null,
  answer text not null,
  stored_at bigint not null,
  primary key (project_id, caller, operation, key)
);
create index idempotency_keys_at on idempotency_keys (stored_at);
