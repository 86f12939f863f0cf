-- The last version that a project gave to a rule set, and the one that judges; until there is one, the built-in rules do.
create table rule_heads (
  project_id text primary key,
  last bigint not null,
  published bigint
);

-- Rule sets as they were written; a change is a new version.
create table rule_sets (
  project_id text not null,
  version bigint not null,
  body text not null,
  author text not null,
  written_at bigint not null,
  published_at bigint,
  primary key (project_id, version)
);

-- What is remembered of a payer, a payee, a device or an address (the last two by a keyed mark), in windows: one row each,
-- however much they pay. `since` is when they were first heard of.
create table profiles (
  project_id text not null,
  subject text not null,
  since bigint not null,
  body text not null,
  version bigint not null,
  primary key (project_id, subject)
);

-- Lists that rules ask.
create table list_entries (
  project_id text not null,
  list text not null,
  entry text not null,
  note text,
  primary key (project_id, list, entry)
);
-- A decision asks which lists name what a payment says.
create index list_entries_entry on list_entries (project_id, entry);

-- The journal: each decision once, with all that it was made of. What people find later stands in `reviews`.
-- append only
create table decisions (
  project_id text not null,
  payment_id text not null,
  id text not null,
  payer text not null,
  decision text not null,
  evidence text not null,
  verdict text not null,
  reasons text not null,
  decided_at bigint not null,
  primary key (project_id, payment_id)
);
create unique index decisions_id on decisions (project_id, id);
create index decisions_decision on decisions (project_id, decision, id);
create index decisions_payer on decisions (project_id, payer, id);

-- What waits for people, and what they have found.
create table reviews (
  project_id text not null,
  payment_id text not null,
  decision_id text not null,
  state text not null,
  assignee text,
  opened_at bigint not null,
  fraud boolean,
  reason text,
  ended_by text,
  ended_at bigint,
  version bigint not null,
  primary key (project_id, payment_id)
);
create index reviews_state on reviews (project_id, state, decision_id);
create index reviews_assignee on reviews (project_id, assignee, state, decision_id);

-- How often each rule of a version spoke, and what people found the payments to be.
create table rule_figures (
  project_id text not null,
  rule_set_version bigint not null,
  rule text not null,
  shadow boolean not null,
  hits bigint not null,
  frauds bigint not null,
  honest bigint not null,
  primary key (project_id, rule_set_version, rule)
);

-- Replays of the journal with other rules.
create table simulations (
  project_id text not null,
  id text not null,
  rule_set_version bigint not null,
  from_at bigint not null,
  to_at bigint not null,
  state text not null,
  place text,
  tally text not null,
  asked_at bigint not null,
  done_at bigint,
  version bigint not null,
  primary key (project_id, id)
);
