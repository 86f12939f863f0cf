-- Money into wallets and out of them, what fraud detection blocks, and what people make of what they looked at.

-- The top-up that a payment is for.
alter table payments add column top_up_id text;
-- Fraud detection does not want it: it is given up for good.
alter table payments add column blocked boolean not null default false;
create unique index payments_top_up on payments (project_id, top_up_id) where live;
create index payments_of_top_up on payments (project_id, top_up_id, id);
create index payments_to_review on payments (project_id, id) where needs_review;

-- What top-ups are to bring and whose they are, as wallet told it: amounts that browsers send are never believed.
create table payable_top_ups (
  project_id text not null,
  top_up_id text not null,
  user_id text not null,
  amount bigint not null,
  currency text not null,
  primary key (project_id, top_up_id)
);
create index payable_top_ups_of_user on payable_top_ups (project_id, user_id);
create index payable_orders_of_user on payable_orders (project_id, user_id);

-- Orders that may not be paid for: the word may be here before the order.
create table blocked_orders (
  project_id text not null,
  order_id text not null,
  blocked_at bigint not null,
  primary key (project_id, order_id)
);

create table payouts (
  project_id text not null,
  id text not null,
  withdrawal_id text not null,
  -- Null once its owner was erased.
  user_id text,
  amount bigint not null,
  currency text not null,
  -- Where the money goes, sealed; null once the payout is over.
  destination text,
  -- Null until it is decided who pays it out.
  provider text,
  provider_ref text,
  status text not null,
  failure text,
  needs_review boolean not null,
  -- When a provider was first asked: its memory of our key is shorter than ours.
  asked_at bigint,
  heard_at bigint not null,
  -- Of what began it: a provider's news belong to the same story.
  correlation_id text not null,
  traceparent text,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null,
  primary key (project_id, id)
);
-- A withdrawal is paid out once.
create unique index payouts_withdrawal on payouts (project_id, withdrawal_id);
create unique index payouts_reference on payouts (project_id, provider, provider_ref);
create index payouts_by_reference on payouts (provider, provider_ref);
create index payouts_of_user on payouts (project_id, user_id, id);
create index payouts_in_status on payouts (project_id, status, id);
create index payouts_to_review on payouts (project_id, id) where needs_review;

-- Every question about a payout, every answer and every message, with what it did.
-- append only
create table payout_attempts (
  project_id text not null,
  id text not null,
  payout_id text not null,
  what text not null,
  result text not null,
  status_before text not null,
  status_after text not null,
  said text,
  cause text,
  happened_at bigint not null,
  primary key (project_id, id)
);
create index payout_attempts_of_payout on payout_attempts (project_id, payout_id, id);

-- Who looked at what had to be looked at, and what they made of it.
-- append only
create table reviews (
  project_id text not null,
  id text not null,
  -- The payment or the payout.
  subject text not null,
  outcome text not null,
  note text not null,
  reviewer text not null,
  reviewed_at bigint not null,
  primary key (project_id, id)
);
create index reviews_of_subject on reviews (project_id, subject, id);

-- A message about a payout; and those about somebody's payments, for emptying them when the person is erased.
alter table webhook_events add column payout_id text;
create index webhook_events_of_payment on webhook_events (project_id, payment_id);
