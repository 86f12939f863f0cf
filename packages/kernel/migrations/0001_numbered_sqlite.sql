-- The tables of every service whose rows the engine numbers. On SQLite the writer is one, so the order of `position` is
-- the order of the commits, and `autoincrement` never gives a number twice.
create table outbox (
  position integer primary key autoincrement,
  event_id text not null,
  project_id text not null, -- '' for events of no project
  type text not null,
  version bigint not null,
  key text not null,
  occurred_at bigint not null,
  correlation_id text not null,
  causation_id text,
  traceparent text,
  data text not null
);

-- Events that failed, and those of the same key that wait behind them in their order.
create table dead_letters (
  id integer primary key autoincrement,
  source text not null,
  key text not null,
  project_id text not null,
  event text not null,
  traceparent text,
  state text not null check (state in ('retrying', 'waiting', 'dead')),
  attempts bigint not null,
  due_at bigint not null,
  error text
);
create index dead_letters_key on dead_letters (source, key, id);
create index dead_letters_due on dead_letters (state, due_at);
