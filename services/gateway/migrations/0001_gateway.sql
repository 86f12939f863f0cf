-- What identity and the registry told, so that the door opens and stays shut while they are away. Each row is written
-- by one event; `heard_at` is when, so that a process finds what others have heard since it looked last.

create table known_keys (
  project_id text not null,
  id text not null,
  kind text not null,
  scopes jsonb not null,
  mark text not null,
  expires_at bigint,
  revoked_at bigint,
  heard_at bigint not null,
  primary key (project_id, id)
);
create index known_keys_heard_at on known_keys (heard_at, id);

-- Sessions whose tokens are refused though they have not expired. The project is that of the event, or the
-- platform's own: a session is found by its id alone.
create table ended_sessions (
  project_id text not null,
  id text not null,
  heard_at bigint not null,
  primary key (project_id, id)
);
create index ended_sessions_heard_at on ended_sessions (heard_at, id);

create table known_projects (
  project_id text primary key,
  facts jsonb not null,
  heard_at bigint not null
);
create index known_projects_heard_at on known_projects (heard_at, project_id);

-- Where services answer; of no project.
create table instances (
  service text not null,
  instance text not null,
  address text not null,
  state text not null,
  heard_at bigint not null,
  primary key (service, instance)
);
create index instances_heard_at on instances (heard_at, service, instance);
