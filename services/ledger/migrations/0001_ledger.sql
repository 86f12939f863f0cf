-- Where a project's journal ends. Every batch changes this row, so batches of one project stand in one order whichever
-- process applies them, and nothing that a batch decided on can change before it is stored.
create table heads (
  project_id text primary key,
  position bigint not null,
  hash bytea not null, -- of all pieces up to the last
  latest_at bigint not null, -- time of the last item: the journal's time never runs back
  -- Another one whenever an account is frozen, thawed, closed or opened again: who keeps accounts in memory looks at it.
  marks text not null,
  indexed bigint not null, -- ids of items up to here stand in id_pages
  base bigint not null, -- balances in accounts know all up to here at least; a process that starts reads on from here
  base_hash bytea not null, -- of all pieces up to there
  stopped text -- why nothing is taken any more: the sums were found wrong
);

-- An account and its four columns as they were after the entry `head`. They follow from the journal, which may know more:
-- accounts that move all the time are written once in a while, and whoever reads them reads on from `heads.base`.
create table accounts (
  project_id text not null,
  address text not null,
  currency text not null,
  code bigint not null,
  bounds text not null,
  owner text,
  frozen boolean not null,
  closed boolean not null,
  debits_pending bigint not null,
  debits_posted bigint not null,
  credits_pending bigint not null,
  credits_posted bigint not null,
  sequence bigint not null, -- how many entries are about it
  head bigint not null, -- the last of them that the columns know; each entry names the one before it
  opened_at bigint not null,
  primary key (project_id, address),
  constraint accounts_columns
    check (debits_pending >= 0 and debits_posted >= 0 and credits_pending >= 0 and credits_posted >= 0),
  -- The machine has refused it long before; a mistake of ours must not go through.
  constraint accounts_credits check (bounds <> 'debits_must_not_exceed_credits'
    or debits_pending <= credits_posted - debits_posted),
  constraint accounts_debits check (bounds <> 'credits_must_not_exceed_debits'
    or credits_pending <= debits_posted - credits_posted)
);

-- What happened, for ever: pieces of up to 64 items, entries and ids that were refused for good, as the code writes them
-- (`domain/chunk.rs`). There is no index by account: it would cost more than all the rest of writing. An entry names the
-- one before it of both its accounts instead, and statements walk back from the account's head.
-- append only
create table journal (
  project_id text not null,
  first_position bigint not null,
  made_at bigint not null,
  body bytea not null,
  primary key (project_id, first_position)
);

-- Where ids stand in the journal: sorted runs of many thousands, each with a filter that says what it surely lacks. An
-- index of single ids would be most of the cost of writing.
create table id_runs (
  project_id text not null,
  number bigint not null,
  first_id bytea not null,
  last_id bytea not null,
  filter bytea not null,
  primary key (project_id, number)
);
create table id_pages (
  project_id text not null,
  run bigint not null,
  first_id bytea not null,
  body bytea not null, -- 160 ids at most, with their places
  primary key (project_id, run, first_id)
);

-- A mark every 128 entries of an account, from which its chain is walked to a time.
create table checkpoints (
  project_id text not null,
  account text not null,
  made_at bigint not null,
  position bigint not null,
  primary key (project_id, account, made_at, position)
);

-- What is set aside, and what became of it.
create table holds (
  project_id text not null,
  id text not null,
  debit text not null,
  credit text not null,
  amount bigint not null,
  remaining bigint not null,
  currency text not null,
  code bigint not null,
  closes_debit boolean not null,
  closes_credit boolean not null,
  timeout_s bigint not null,
  due_at bigint,
  status text not null,
  payment_id text,
  made_at bigint not null,
  primary key (project_id, id),
  constraint holds_remaining check (remaining >= 0 and remaining <= amount),
  constraint holds_ended check (status = 'pending' or remaining = 0)
);
create index holds_status on holds (project_id, status, id);
create index holds_debit on holds (project_id, debit, id);
create index holds_due on holds (project_id, due_at, id) where status = 'pending' and due_at is not null;

-- Legs that were made together, under a name. They stand one after another in the journal.
create table transactions (
  project_id text not null,
  id text not null,
  kind text not null,
  reference text,
  description text,
  metadata jsonb not null,
  payment_id text,
  reverses text,
  first_position bigint not null,
  legs bigint not null,
  made_at bigint not null,
  primary key (project_id, id)
);
create unique index transactions_reference on transactions (project_id, reference);
-- Which transaction an entry is a leg of.
create unique index transactions_position on transactions (project_id, first_position);

-- How much of a transaction went back.
create table reversals (
  project_id text not null,
  transaction_id text not null,
  reversed bigint not null,
  primary key (project_id, transaction_id),
  constraint reversals_reversed check (reversed > 0)
);

-- How far the money of payments between wallets has come, and with which holds.
create table payments (
  project_id text not null,
  id text not null,
  state text not null,
  holds jsonb not null,
  reason text,
  primary key (project_id, id)
);

-- How far the money of top-ups and withdrawals has come, by their ids.
create table funding (
  project_id text not null,
  id text not null,
  state text not null,
  account_id text not null,
  transfer_id text not null,
  primary key (project_id, id)
);

-- Stretches of the journal that are sealed: whoever keeps a root elsewhere can prove that nothing before it changed.
-- append only
create table periods (
  project_id text not null,
  number bigint not null,
  closed_at bigint not null,
  first_position bigint not null,
  last_position bigint not null,
  root bytea not null,
  primary key (project_id, number)
);
