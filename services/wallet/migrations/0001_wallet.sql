-- Who can be paid under which address, and how much of who they are is proven. Told by identity; whoever is to be
-- forgotten keeps their row without addresses, so that an older word does not bring them back.
create table people (
  project_id text not null,
  user_id text not null,
  email text,
  phone text,
  erased boolean not null,
  kyc_level bigint not null,
  kyc_at bigint,
  primary key (project_id, user_id)
);
create index people_email on people (project_id, email);
create index people_phone on people (project_id, phone);

-- Wallets. What is in them is the ledger's to say: the balance is its last word, by its own count. What of it can be
-- spent follows from the payments on their way: the ledger tells nothing of an account when it sets money aside.
create table accounts (
  project_id text not null,
  id text not null,
  user_id text not null,
  currency text not null,
  state text not null,
  freeze_reason text,
  frozen_at bigint,
  fee_basis_points bigint, -- of a merchant
  balance bigint not null,
  balance_sequence bigint,
  opened_at bigint not null,
  version bigint not null,
  primary key (project_id, id),
  constraint accounts_fee check (fee_basis_points between 0 and 10000)
);
-- One account a person and currency: whom a mail address pays is never a choice.
create unique index accounts_owner on accounts (project_id, user_id, currency);

-- What an account has sent in a day or month, payments on their way included.
create table spent (
  project_id text not null,
  account_id text not null,
  period text not null,
  amount bigint not null,
  primary key (project_id, account_id, period),
  constraint spent_amount check (amount >= 0)
);

-- Payments. The row is the saga's memory too: where it stands, until when an answer is waited for.
create table payments (
  project_id text not null,
  id text not null,
  from_account text not null,
  to_account text not null,
  payer text not null,
  payee text not null,
  currency text not null,
  amount bigint not null,
  fee bigint not null,
  note text,
  client_address text,
  device text,
  refund_of text,
  request_id text,
  schedule_id text,
  due_at bigint, -- which firing of the schedule
  initiated_at bigint not null,
  answer_ms bigint not null, -- how long an answer is waited for, and a person's look
  review_ms bigint not null,
  refunded bigint not null,
  status text not null,
  deadline_at bigint,
  reason text,
  ended_at bigint,
  transaction_id text,
  version bigint not null,
  primary key (project_id, id),
  constraint payments_amount check (amount > 0),
  constraint payments_fee check (fee between 0 and amount),
  constraint payments_refunded check (refunded between 0 and amount)
);
create index payments_payer on payments (project_id, payer, id);
create index payments_payee on payments (project_id, payee, id);
create index payments_status on payments (project_id, status, id);
create index payments_from on payments (project_id, from_account, ended_at);
create index payments_to on payments (project_id, to_account, ended_at);
-- What is overdue, in all projects; what has ended has no deadline.
create index payments_deadline on payments (deadline_at, project_id, id);
-- A firing of a schedule pays once.
create unique index payments_schedule on payments (project_id, schedule_id, due_at);

-- What people made of payments in review.
-- append only
create table reviews (
  project_id text not null,
  payment_id text not null,
  verdict text not null,
  reviewer text not null,
  reason text not null,
  reviewed_at bigint not null,
  primary key (project_id, payment_id)
);

-- Somebody asks somebody for money.
create table requests (
  project_id text not null,
  id text not null,
  requester text not null,
  to_account text not null,
  payer text not null,
  currency text not null,
  amount bigint not null,
  note text,
  state text not null,
  payment_id text,
  asked_at bigint not null,
  version bigint not null,
  primary key (project_id, id),
  constraint requests_amount check (amount > 0)
);
create index requests_payer on requests (project_id, payer, id);
create index requests_requester on requests (project_id, requester, id);

-- Payments at a time, once or again and again.
create table pay_schedules (
  project_id text not null,
  id text not null,
  user_id text not null,
  from_account text not null,
  to_account text not null,
  currency text not null,
  amount bigint not null,
  note text,
  every text not null,
  starts_at bigint not null,
  until_at bigint,
  state text not null,
  next_at bigint,
  runs bigint not null,
  last_payment_id text,
  last_problem text,
  version bigint not null,
  primary key (project_id, id),
  constraint pay_schedules_amount check (amount > 0)
);
create index pay_schedules_user on pay_schedules (project_id, user_id, id);
