-- Money on its way into wallets. The row remembers which payment was taken for it: another one for the same is not its.
create table top_ups (
  project_id text not null,
  id text not null,
  account_id text not null,
  user_id text not null,
  currency text not null,
  amount bigint not null, -- what was asked for
  requested_at bigint not null,
  answer_ms bigint not null, -- how long the ledger's answer is waited for
  status text not null,
  deadline_at bigint,
  taken_ref text, -- the provider's name for the payment, what it took and when
  taken_amount bigint,
  taken_at bigint,
  reason text,
  ended_at bigint,
  transaction_id text,
  version bigint not null,
  primary key (project_id, id),
  constraint top_ups_amount check (amount > 0),
  constraint top_ups_taken check (taken_amount > 0)
);
create index top_ups_account on top_ups (project_id, account_id, id);
create index top_ups_ended on top_ups (project_id, account_id, ended_at);
create index top_ups_held on top_ups (project_id, account_id, status, id);
-- What is overdue, in all projects; what has ended has no deadline.
create index top_ups_deadline on top_ups (deadline_at, project_id, id);

-- Money on its way out of wallets. Where it goes is sealed, and forgotten with its owner.
create table withdrawals (
  project_id text not null,
  id text not null,
  account_id text not null,
  user_id text not null,
  currency text not null,
  amount bigint not null,
  destination text,
  requested_at bigint not null,
  status text not null,
  reason text,
  ended_at bigint,
  transaction_id text,
  version bigint not null,
  primary key (project_id, id),
  constraint withdrawals_amount check (amount > 0)
);
create index withdrawals_account on withdrawals (project_id, account_id, id);
create index withdrawals_ended on withdrawals (project_id, account_id, ended_at);
create index withdrawals_user on withdrawals (project_id, user_id);

-- What was in an account on the morning of each day on which that changed: where its statements begin and end. The
-- ledger also books what no payment, top-up or withdrawal of ours brought about.
create table mornings (
  project_id text not null,
  account_id text not null,
  day_at bigint not null,
  balance bigint not null,
  primary key (project_id, account_id, day_at)
);

-- Planned payments whose job is gone, in all projects; what goes on no more has no next time.
create index pay_schedules_next on pay_schedules (next_at, project_id, id);
