-- What orders cost and whose they are, as orders told it: amounts that browsers send are never believed.
create table payable_orders (
  project_id text not null,
  order_id text not null,
  user_id text not null,
  amount bigint not null,
  currency text not null,
  cancelled boolean not null,
  primary key (project_id, order_id)
);

create table payments (
  project_id text not null,
  id text not null,
  order_id text,
  invoice_id text,
  user_id text,
  amount bigint not null,
  currency text not null,
  captured bigint not null,
  refund_reserved bigint not null,
  refunded bigint not null,
  -- How much a manual capture was asked to take, all of it where it is null.
  capture_asked bigint,
  -- Null until it is decided who takes the money, and when.
  provider text,
  capture text,
  provider_ref text,
  -- Sealed with the platform's keyring.
  client_secret text,
  status text not null,
  failure text,
  needs_review boolean not null,
  -- Its order came to nothing: it is cancelled as soon as the provider lets us.
  unwanted boolean not null,
  -- It stands for its order or invoice, and one that will never be paid makes room for another.
  live boolean not null,
  -- Somebody asked the provider to confirm or capture it, and there is no answer yet.
  acting boolean not null,
  -- The provider's time of the news that made the status, and our time of the last news of any kind.
  news_at bigint not null,
  heard_at bigint not null,
  -- Of what began it: a provider's news belong to the same story.
  correlation_id text not null,
  traceparent text,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null,
  primary key (project_id, id),
  -- The last guard behind the rules of the domain: nothing goes back that was not taken.
  constraint payments_balance check (0 <= refunded and refunded <= refund_reserved and refund_reserved <= captured and captured <= amount)
);
-- One payment an order and an invoice, whoever starts it.
create unique index payments_order on payments (project_id, order_id) where live;
create unique index payments_invoice on payments (project_id, invoice_id) where live;
create unique index payments_reference on payments (project_id, provider, provider_ref);
-- A provider does not know our projects: the payment says whose its message is.
create index payments_by_reference on payments (provider, provider_ref);
create index payments_of_order on payments (project_id, order_id, id);
create index payments_of_user on payments (project_id, user_id, id);
create index payments_in_status on payments (project_id, status, id);

create table refunds (
  project_id text not null,
  id text not null,
  payment_id text not null,
  amount bigint not null,
  currency text not null,
  reason text not null,
  status text not null,
  provider_ref text,
  failure text,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null,
  primary key (project_id, id),
  constraint refunds_amount check (amount > 0)
);
create index refunds_of_payment on refunds (project_id, payment_id, id);
create unique index refunds_reference on refunds (project_id, payment_id, provider_ref);

-- Every question to a provider, every answer and every message of one, with what it did.
-- append only
create table payment_attempts (
  project_id text not null,
  id text not null,
  payment_id text not null,
  refund_id text,
  what text not null,
  result text not null,
  status_before text not null,
  status_after text not null,
  said text,
  cause text,
  happened_at bigint not null,
  primary key (project_id, id)
);
create index payment_attempts_of_payment on payment_attempts (project_id, payment_id, id);

-- The messages of providers as they came, sealed: they hold what lets a browser confirm a payment.
create table webhook_events (
  project_id text not null,
  provider text not null,
  event_id text not null,
  kind text not null,
  payload text not null,
  outcome text,
  payment_id text,
  told_at bigint not null,
  heard_at bigint not null,
  primary key (project_id, provider, event_id)
);
-- For forgetting those that no provider will send again.
create index webhook_events_by_age on webhook_events (heard_at);
