-- Whether a member has come in there themselves: a number is for projects that its owner has been to, and not for
-- whoever invites them. Of those from before this it is known when they sign in again.
alter table memberships add column entered boolean not null default false;

-- Projects whose members are told of anew by where others find them, in the order of their ids: all of them once, since
-- that was not told before this, and those whose address is not proven whenever a project changes its mind on it. A row
-- while that goes on. It is the system's own list, as `names_told` is.
create table contacts_to_tell (
  project text primary key,
  until text not null, -- the person up to whom it was done
  unproven boolean not null -- whether it is about those alone whose address is not proven
);
insert into contacts_to_tell (project, until, unproven) select id, '', false from projects;
