-- A profile as bytes, a fraction of its text; `body` is then that of an empty one. One from before has its text alone
-- until its subject's next payment.
alter table profiles add column packed bytea;
