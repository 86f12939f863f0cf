-- What happened in an account, newest first, whatever it was: each kind is read in this order and as far as a page goes.
create index payments_sent on payments (project_id, from_account, initiated_at, id);
create index payments_received on payments (project_id, to_account, initiated_at, id);
create index top_ups_asked on top_ups (project_id, account_id, requested_at, id);
create index withdrawals_asked on withdrawals (project_id, account_id, requested_at, id);
