-- What is said to somebody, once. The address stands in clear, since it is what people search by; what is said is
-- sealed where it holds codes, and cleared when the person is erased.
create table notifications (
  project_id text not null,
  id text not null,
  channel text not null,
  state text not null,
  reason text,
  category text not null,
  priority text not null,
  user_id text,
  recipient text,
  endpoint_id text,
  template text,
  template_version bigint,
  locale text,
  content text, -- JSON, or sealed JSON; null where nothing was to be sent or the person was erased
  sealed boolean not null,
  metadata text,
  dedup_key text,
  fingerprint text,
  provider text,
  provider_reference text,
  attempts bigint not null,
  expires_at bigint,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (project_id, id)
);
-- Asked for twice, or told by an event twice, is said once.
create unique index notifications_dedup on notifications (project_id, dedup_key);
-- An id begins with its time, so lists are in the order of ids.
create index notifications_user on notifications (project_id, user_id, id);
create index notifications_state on notifications (project_id, state, id);
-- Receipts know the provider's name for a message, and no project.
create index notifications_reference on notifications (provider_reference) where provider_reference is not null;
-- What is old goes, whichever project it is of.
create index notifications_age on notifications (created_at);

-- What was tried and what came of it, in the order of ids. Rows go with their notification alone.
create table notification_attempts (
  project_id text not null,
  notification_id text not null,
  id text not null,
  at bigint not null,
  what text not null,
  provider text,
  detail text,
  primary key (project_id, notification_id, id)
);

create table templates (
  project_id text not null,
  name text not null,
  id text not null,
  category text not null,
  published bigint, -- the version that is sent; none before the first was published
  latest bigint not null,
  created_at bigint not null,
  primary key (project_id, name)
);

-- A version never changes but for its state: what was sent can be shown again for ever.
create table template_versions (
  project_id text not null,
  name text not null,
  version bigint not null,
  id text not null,
  state text not null,
  variables text not null,
  contents text not null,
  created_at bigint not null,
  published_at bigint,
  primary key (project_id, name, version)
);

-- Where people are reached, as identity tells it.
create table contacts (
  project_id text not null,
  user_id text not null,
  email text,
  phone text,
  primary key (project_id, user_id)
);

-- Whose order it is: later events about it do not say.
create table orders (
  project_id text not null,
  order_id text not null,
  user_id text not null,
  primary key (project_id, order_id)
);
create index orders_user on orders (project_id, user_id);

create table preferences (
  project_id text not null,
  user_id text not null,
  choices text not null,
  updated_at bigint not null,
  primary key (project_id, user_id)
);

-- Addresses that are left alone: for one category, or for all where it is empty.
create table suppressions (
  project_id text not null,
  channel text not null,
  address text not null,
  category text not null,
  reason text not null,
  created_at bigint not null,
  primary key (project_id, channel, address, category)
);

-- What a person finds in the application; what is said stands in the notification.
create table inbox (
  project_id text not null,
  user_id text not null,
  notification_id text not null,
  unread boolean not null,
  read_at bigint,
  primary key (project_id, user_id, notification_id)
);
create index inbox_order on inbox (project_id, user_id, unread, notification_id);

-- Addresses of programs that want to hear events; the secrets are sealed.
create table endpoints (
  project_id text not null,
  id text not null,
  url text not null,
  kinds text not null,
  secret text not null,
  old_secret text,
  old_secret_until bigint,
  gone_at bigint, -- the address said that nobody wants this any more
  created_at bigint not null,
  primary key (project_id, id)
);
create unique index endpoints_url on endpoints (project_id, url);

-- How often something was said in a window of time; one row a window, so counting never scans.
create table rate_counts (
  project_id text not null,
  name text not null,
  window_at bigint not null,
  used bigint not null,
  primary key (project_id, name, window_at)
);
create index rate_counts_age on rate_counts (window_at);

-- What was said lately and is not to be said again before that time.
create table hushed (
  project_id text not null,
  name text not null,
  until_at bigint not null,
  primary key (project_id, name)
);
create index hushed_age on hushed (until_at);
