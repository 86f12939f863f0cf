-- What is set in one service, in one environment: for all projects under the project id with the number 0, which no
-- project is ever given, and for each project that has chosen for itself under its own.
create table configs (
  project_id text not null,
  service text not null,
  environment text not null,
  revision bigint not null,
  changed_at bigint not null,
  texts text not null, -- JSON, the values by their names; those of secret settings are sealed
  primary key (project_id, service, environment)
);

-- Each revision whole, so that going back needs no arithmetic. The oldest are forgotten.
create table config_revisions (
  project_id text not null,
  service text not null,
  environment text not null,
  revision bigint not null,
  made_at bigint not null,
  made_by text not null,
  remark text,
  restores bigint,
  changes text not null, -- JSON, what people are shown of it: no secrets
  texts text not null,
  primary key (project_id, service, environment, revision)
);

-- Where instances answer. They belong to the platform and to no project.
create table instances (
  service text not null,
  instance text not null,
  address text not null,
  version text not null,
  environment text not null,
  config_revision bigint,
  state text not null check (state in ('up', 'draining', 'down')),
  registered_at bigint not null,
  seen_at bigint not null,
  lease_until bigint, -- none as soon as it is down
  down_at bigint,
  primary key (service, instance)
);
create index instances_lease on instances (lease_until);
create index instances_down on instances (down_at);
