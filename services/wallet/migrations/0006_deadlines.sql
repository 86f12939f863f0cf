-- Until when the end of a payment's time is somebody's job; nobody's, where it is empty.
alter table payments add column handed_until bigint;
-- What has ended has no deadline, and most payments no schedule: neither needs an entry.
drop index payments_deadline;
create index payments_deadline on payments (deadline_at, project_id, id) where deadline_at is not null;
drop index payments_schedule;
create unique index payments_schedule on payments (project_id, schedule_id, due_at) where schedule_id is not null;
