-- What the registry has set for this service, as it was heard last, so that a start needs no registry. The scope is a
-- project, or '' for what holds for all of them; secret values are sealed.
create table live_settings (
  scope text primary key,
  revision bigint not null,
  turn bigint not null,
  texts text not null
);
create unique index live_settings_turn on live_settings (turn);

-- One row that counts the changes of that table: each process of the service sees with one look what is new.
create table live_turns (
  id bigint primary key,
  turn bigint not null
);
