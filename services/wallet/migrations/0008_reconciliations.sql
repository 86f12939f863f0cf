-- Whether the balances here are those of the ledger: a row a project and night. It comes in pages, in the order of
-- accounts; a page that comes twice counts once.
create table reconciliations (
  project_id text not null,
  day text not null, -- like 2026-11-21, in UTC
  started_at bigint not null, -- by the ledger
  pages bigint not null, -- how many were compared
  up_to text, -- the account with which the last of them ended
  agreeing bigint not null,
  differing bigint not null,
  found jsonb not null, -- the first of those that differ, with both figures
  ended_at bigint, -- when the last page was compared
  primary key (project_id, day)
);
