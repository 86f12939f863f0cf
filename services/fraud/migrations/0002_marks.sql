-- Another one each time a version is published: what is kept in memory of the rules that judge is good for as long as
-- version and mark are those of the row, also when a transaction that published was undone.
alter table rule_heads add column mark text;
