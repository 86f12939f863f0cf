-- What others are shown of somebody: a first name and an initial, never more. Whoever was forgotten keeps a neutral one.
alter table people add column name text;
