-- The tables of every service whose rows the engine numbers. `seq` is drawn inside the transaction, so commits do not
-- keep its order; a sequencer gives each committed event its `position`, and consumers read by that.
create table outbox (
  seq bigint generated always as identity (cache 1) primary key,
  position bigint,
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
create unique index outbox_position on outbox (position);
create index outbox_unsequenced on outbox (seq) where position is null;
create sequence outbox_positions cache 1;
alter table outbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- Events that failed, and those of the same key that wait behind them in their order.
create table dead_letters (
  id bigint generated always as identity (cache 1) primary key,
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
