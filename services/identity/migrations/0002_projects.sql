-- What people and programs are in a project.
create table memberships (
  project_id text not null,
  user_id text not null,
  active boolean not null,
  joined_at bigint not null,
  primary key (project_id, user_id)
);
-- The projects of a person, at sign-in.
create index memberships_user on memberships (user_id, project_id);

create table roles (
  project_id text not null,
  id text not null,
  name text not null,
  permissions jsonb not null,
  built_in boolean not null, -- comes with the blueprint and stays
  version bigint not null,
  primary key (project_id, id)
);
create unique index roles_name_key on roles (project_id, name);

create table user_roles (
  project_id text not null,
  user_id text not null,
  role_id text not null,
  granted_at bigint not null,
  granted_by text not null,
  primary key (project_id, user_id, role_id)
);
create index user_roles_role on user_roles (project_id, role_id, user_id);

create table api_keys (
  project_id text not null,
  id text not null,
  kind text not null, -- project, integration, service
  name text not null,
  scopes jsonb not null,
  mark text not null, -- of the secret, which is nowhere
  last_four text not null,
  created_at bigint not null,
  created_by text not null,
  expires_at bigint,
  revoked_at bigint,
  replaced_by text,
  last_used_at bigint,
  version bigint not null,
  primary key (project_id, id)
);

create table kyc_cases (
  project_id text not null,
  id text not null,
  user_id text not null,
  level bigint not null,
  state text not null, -- pending, verified, rejected
  claims text, -- what was handed in, sealed; null once the person was erased
  submitted_at bigint not null,
  reviewed_at bigint,
  reviewed_by text,
  reason text,
  version bigint not null,
  primary key (project_id, id)
);
create index kyc_cases_user on kyc_cases (project_id, user_id, id);
-- Nobody waits for two looks at once.
create unique index kyc_cases_pending_key on kyc_cases (project_id, user_id) where state = 'pending';
create index kyc_cases_state on kyc_cases (project_id, state, id);
