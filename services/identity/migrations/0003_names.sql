-- Who had said what they are called before names were told (`user.named`) is told of once, in the order of their ids.
-- One row while that goes on: the person up to whom it was done. Where nobody is known yet there is nothing to do.
create table names_told (
  until text primary key
);
insert into names_told (until) select '' where exists (select 1 from users);
