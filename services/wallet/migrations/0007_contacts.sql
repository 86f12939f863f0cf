-- Where somebody is found is what identity says is proven to be theirs, by its latest word. What it said before that
-- (`email`, `phone`) counts no more: nobody had proven it. Those two columns go with a later release.
alter table people add column found_email text;
alter table people add column found_phone text;
alter table people add column found_at bigint;
create index people_found_email on people (project_id, found_email) where found_email is not null;
create index people_found_phone on people (project_id, found_phone) where found_phone is not null;
drop index people_email;
drop index people_phone;
