//! The statements on what an account's statement shows: what moved, and what was in it on which morning.

use contracts::{Currency, Timestamp, WalletAccountId};
use kernel::params;
use kernel::store::{StoreError, Tx};

use crate::domain::{Morning, Movement};

/// What reached and left an account from `since` until before `before`, oldest first.
pub fn movements(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    since: Timestamp,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<Movement>, StoreError> {
    tx.rows(
        "select moved_at, kind, id, other_account, amount, fee, net, note,
           (select p.name from people as p where p.project_id = $1 and p.user_id = other) as other_name
         from
           (select ended_at as moved_at, case when refund_of is null then 'payment' else 'refund' end as kind, id,
              to_account as other_account, amount, fee, -amount as net, note, payee as other
            from payments
            where project_id = $1 and from_account = $2 and ended_at >= $3 and ended_at < $4 and status = 'completed'
            union all
            select ended_at, case when refund_of is null then 'payment' else 'refund' end, id, from_account, amount, fee,
              amount - fee, note, payer
            from payments
            where project_id = $1 and to_account = $2 and ended_at >= $3 and ended_at < $4 and status = 'completed'
            union all
            select ended_at, 'top_up', id, null, taken_amount, 0, taken_amount, null, null
            from top_ups
            where project_id = $1 and account_id = $2 and ended_at >= $3 and ended_at < $4 and status = 'completed'
            union all
            select ended_at, 'withdrawal', id, null, amount, 0, -amount, null, null
            from withdrawals
            where project_id = $1 and account_id = $2 and ended_at >= $3 and ended_at < $4 and status = 'completed')
           as moved
         order by moved_at, id limit $5",
        params![tx.project()?, account, since, before, limit],
    )
}

/// Remembers what is in an account on the first morning that is known of this day, unless a later word than
/// `sequence` is known already. It is asked before the balance changes.
pub fn put_morning(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    day_at: Timestamp,
    currency: Currency,
    sequence: u64,
) -> Result<(), StoreError> {
    tx.run(
        "insert into mornings (project_id, account_id, day_at, balance)
         select project_id, id, $3, balance from accounts
         where project_id = $1 and id = $2 and currency = $4 and coalesce(balance_sequence, -1) < $5
         on conflict (project_id, account_id, day_at) do nothing",
        params![tx.project()?, account, day_at, currency, sequence],
    )
    .map(drop)
}

/// The mornings of an account from `since` until before `before`, oldest first.
pub fn mornings(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    since: Timestamp,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<Morning>, StoreError> {
    tx.rows(
        "select day_at, balance from mornings
         where project_id = $1 and account_id = $2 and day_at >= $3 and day_at < $4 order by day_at limit $5",
        params![tx.project()?, account, since, before, limit],
    )
}

/// What was in an account at this time, the beginning of a day, if it has changed since.
pub fn balance_at(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    day_at: Timestamp,
) -> Result<Option<i64>, StoreError> {
    tx.row(
        "select balance from mornings where project_id = $1 and account_id = $2 and day_at >= $3
         order by day_at limit 1",
        params![tx.project()?, account, day_at],
    )
}
