-- Nobody has paid it in time: nothing is to be taken for it any more.
alter table payable_top_ups add column expired boolean not null default false;

-- Withdrawals that are wanted no more: the word may be here before the money is set aside.
create table unwanted_withdrawals (
  project_id text not null,
  withdrawal_id text not null,
  reason text not null,
  unwanted_at bigint not null,
  primary key (project_id, withdrawal_id)
);
