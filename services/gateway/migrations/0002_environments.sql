-- In which environment an instance is; none where it was heard of before that was told.
alter table instances add column environment text;
