-- What a provider keeps belongs to no tenant of ours: accounts are told apart by their keys, as at the provider's.

-- One row an object, as JSON; the columns beside it are what lists narrow by.
create table stripe_objects (
  account text not null,
  id text not null,
  kind text not null,
  owner text, -- the customer of an intent, the intent of a charge, the charge of a refund
  about text, -- the type of an event, the mail address of a customer, the intent of a refund
  created_s bigint not null,
  body text not null,
  primary key (account, id)
);
create index stripe_objects_kind on stripe_objects (account, kind, id);
create index stripe_objects_owner on stripe_objects (account, kind, owner, id);
create index stripe_objects_about on stripe_objects (account, kind, about, id);
-- The page for developers shows what is newest, whosever it is.
create index stripe_objects_newest on stripe_objects (kind, id);

-- Who hears of events. The account `*` hears those of every account.
create table stripe_endpoints (
  account text not null,
  id text not null,
  url text not null,
  secret text not null,
  types text not null,
  created_s bigint not null,
  primary key (account, id)
);

-- One row a copy of an event on its way to one endpoint.
create table stripe_deliveries (
  account text not null,
  event text not null,
  endpoint text not null,
  copy bigint not null,
  state text not null,
  created_s bigint not null,
  primary key (account, event, endpoint, copy)
);

-- What was answered to a write with an idempotency key.
create table stripe_keys (
  account text not null,
  key text not null,
  path text not null,
  fingerprint text not null,
  request text not null,
  status bigint not null,
  body text not null,
  stored_at bigint not null,
  primary key (account, key)
);
create index stripe_keys_stored on stripe_keys (stored_at);

-- What is to go wrong, and how often still.
create table faults (
  id text not null,
  provider text not null,
  kind text not null,
  times_left bigint not null,
  millis bigint,
  constraint faults_pkey primary key (id)
);
create index faults_next on faults (provider, kind, id);
