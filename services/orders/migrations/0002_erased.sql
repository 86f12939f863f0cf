-- Who was erased: an order of theirs that ends later is forgotten then, for its parcel needs its address until it does.
create table erased (
  project_id text not null,
  user_id text not null,
  primary key (project_id, user_id)
);
