-- Persons belong to no project: one person may act in many, and the address they sign in with is theirs alone. So
-- these are tables of the system, and what they are in a project stands in the tables of 0002.
create table organisations (
  id text primary key,
  name text not null,
  created_at bigint not null,
  version bigint not null
);

-- A project's own row. Its column is called `id`, not `project_id`: it is looked up before anybody is signed in.
create table projects (
  id text primary key,
  organisation_id text not null,
  slug text not null,
  name text not null,
  blueprint text not null,
  settings jsonb not null,
  active boolean not null,
  created_at bigint not null,
  version bigint not null
);
create unique index projects_slug_key on projects (slug);
create index projects_organisation on projects (organisation_id, id);

create table users (
  id text primary key,
  email text, -- in lower case; null once the person was erased
  email_verified_at bigint,
  phone text, -- E.164
  phone_verified_at bigint,
  password_hash text, -- argon2id or, from elsewhere, bcrypt; null until one is chosen
  password_changed_at bigint,
  status text not null, -- active, disabled, erased
  name text,
  address jsonb,
  locale text not null,
  totp text, -- the secret, sealed; null when the person has no authenticator
  totp_confirmed_at bigint,
  totp_step bigint, -- the last step that was used: a code is good once
  created_at bigint not null,
  version bigint not null
);
-- One person an address. Nobody learns from it whether an address is known: no answer tells.
create unique index users_email_key on users (email);

-- Codes to get in with when the authenticator is lost; each once.
create table recovery_codes (
  user_id text not null,
  mark text not null,
  used_at bigint,
  primary key (user_id, mark)
);

create table sessions (
  id text primary key,
  user_id text not null,
  acts_for text, -- the project; null for the platform's own operators
  methods text not null, -- what proved it: `pwd`, `pwd otp`
  device text,
  address text,
  cookie boolean not null,
  created_at bigint not null,
  seen_at bigint not null,
  expires_at bigint not null, -- however often it is refreshed
  ended_at bigint,
  ended_why text
);
create index sessions_user on sessions (user_id, id);
create index sessions_expires_at on sessions (expires_at);

-- One row a token that was given out. A used one keeps its successor, sealed, for the short time in which an honest
-- client may ask twice.
create table refresh_tokens (
  id text primary key,
  session_id text not null,
  mark text not null,
  used_at bigint,
  successor text,
  expires_at bigint not null
);
create index refresh_tokens_session on refresh_tokens (session_id);
create index refresh_tokens_expires_at on refresh_tokens (expires_at);

-- One-time codes, a row each. `user_id` is null where nobody has that address: the answer is the same, and so is the
-- work. A code that is sent anew has a row of its own under the same challenge, and the newest alone is good.
create table otp_events (
  id text primary key,
  challenge text not null, -- the id of the first: what the person answers, however many are sent
  user_id text,
  acts_for text,
  purpose text not null,
  channel text not null, -- email, sms, authenticator
  destination_mark text not null,
  mark text not null,
  tries bigint not null,
  created_at bigint not null,
  sent_at bigint, -- null where nothing was sent: those do not count against the destination
  expires_at bigint not null,
  used_at bigint,
  bound_to jsonb not null -- what goes on when the code is right
);
create index otp_events_challenge on otp_events (challenge, id);
create index otp_events_user on otp_events (user_id);
create index otp_events_destination on otp_events (destination_mark, created_at);
create index otp_events_expires_at on otp_events (expires_at);

-- Wrong passwords and codes in a row, by a mark of whom and from where; addresses that nobody has count alike.
create table attempts (
  subject_mark text primary key,
  failures bigint not null,
  last_at bigint not null
);
create index attempts_last_at on attempts (last_at);

-- The keys that tokens are signed with, published before they sign and after.
create table signing_keys (
  kid text primary key,
  sealed text not null,
  public_key jsonb not null,
  created_at bigint not null,
  signs_from bigint not null,
  retired_at bigint
);

-- People who run the platform itself.
create table platform_operators (
  user_id text primary key,
  permissions jsonb not null,
  created_at bigint not null
);
