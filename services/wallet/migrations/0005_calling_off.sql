-- How long a withdrawal may take until it is called off by itself, and by when; one from before this waits as long as
-- it takes.
alter table withdrawals add column wait_ms bigint not null default 604800000;
alter table withdrawals add column deadline_at bigint;
-- What is overdue, in all projects; what has ended has no deadline.
create index withdrawals_deadline on withdrawals (deadline_at, project_id, id);
