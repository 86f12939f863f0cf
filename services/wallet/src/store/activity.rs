//! The statement on what happened in an account: one for all kinds, of each as much as a page holds.

use contracts::{Timestamp, WalletAccountId};
use kernel::params;
use kernel::store::{StoreError, Tx};

use super::pattern;
use crate::domain::{Activity, ActivityKind, ActivityState, Place, Search};

/// What of an account is looked for.
#[derive(Clone, Debug)]
pub struct WantedActivity {
    /// In which account.
    pub account: WalletAccountId,
    /// Of which kind.
    pub kind: Option<ActivityKind>,
    /// How far it has come.
    pub state: Option<ActivityState>,
    /// Begun then or later.
    pub since: Option<Timestamp>,
    /// Begun before then.
    pub before: Option<Timestamp>,
    /// What its note or the name of the other side holds.
    pub search: Option<Search>,
    /// Older than this.
    pub after: Option<Place>,
}

/// One kind, as much of it as a page holds; what is sent and what is received are read by an index each.
macro_rules! some {
    ($name:literal, $part:literal, $columns:literal, $rows:literal) => {
        concat!(
            "select * from (select ",
            $columns,
            ", cast(",
            $part,
            " as bigint) as part from ",
            $rows,
            ") as ",
            $name,
            "_all where at >= $5 and at < $6 and (at, id, part) < ($8, $9, $10)
              and (cast($3 as text) is null or kind = $3) and (cast($4 as text) is null or state = $4)
              and (cast($7 as text) is null or lower(note) like $7 escape '!' or lower(other_name) like $7 escape '!')
             order by at desc, id desc, part desc limit $11"
        )
    };
}

const ACTIVITY: &str = concat!(
    "select at, kind, id, part, state, status, other_account, other_name, net, note, reason from (select * from (",
    some!(
        "sent",
        "0",
        "p.initiated_at as at, case when p.refund_of is null then 'payment' else 'refund' end as kind, p.id,
         case p.status when 'completed' then 'completed' when 'failed' then 'failed' else 'pending' end as state,
         p.status, p.to_account as other_account, o.name as other_name, -p.amount as net, p.note, p.reason",
        "payments as p left join people as o on o.project_id = $1 and o.user_id = p.payee
         where p.project_id = $1 and p.from_account = $2"
    ),
    ") as sent union all select * from (",
    some!(
        "received",
        "0",
        "p.initiated_at as at, case when p.refund_of is null then 'payment' else 'refund' end as kind, p.id,
         'completed' as state, p.status, p.from_account as other_account, o.name as other_name, p.amount as net,
         p.note, p.reason",
        "payments as p left join people as o on o.project_id = $1 and o.user_id = p.payer
         where p.project_id = $1 and p.to_account = $2 and p.status = 'completed'"
    ),
    ") as received union all select * from (",
    some!(
        "kept",
        "1",
        "p.initiated_at as at, 'fee' as kind, p.id, 'completed' as state, p.status, p.from_account as other_account,
         o.name as other_name, -p.fee as net, p.note, p.reason",
        "payments as p left join people as o on o.project_id = $1 and o.user_id = p.payer
         where p.project_id = $1 and p.to_account = $2 and p.status = 'completed' and p.fee > 0"
    ),
    ") as kept union all select * from (",
    some!(
        "put_in",
        "0",
        "requested_at as at, 'top_up' as kind, id,
         case status when 'completed' then 'completed' when 'failed' then 'failed' else 'pending' end as state,
         status, cast(null as text) as other_account, cast(null as text) as other_name,
         coalesce(taken_amount, amount) as net, cast(null as text) as note, reason",
        "top_ups where project_id = $1 and account_id = $2"
    ),
    ") as put_in union all select * from (",
    some!(
        "taken_out",
        "0",
        "requested_at as at, 'withdrawal' as kind, id,
         case when status = 'completed' then 'completed' when status in ('refused', 'returned') then 'failed'
           else 'pending' end as state,
         status, cast(null as text) as other_account, cast(null as text) as other_name, -amount as net,
         cast(null as text) as note, reason",
        "withdrawals where project_id = $1 and account_id = $2"
    ),
    ") as taken_out) as happened order by at desc, id desc, part desc limit $11"
);

/// What happened in an account, newest first.
pub fn activity(tx: &mut Tx<'_>, wanted: &WantedActivity, limit: u32) -> Result<Vec<Activity>, StoreError> {
    let before = wanted.before.unwrap_or(Timestamp::MAX);
    let place = wanted.after.clone();
    let Place(at, id, part) = place.unwrap_or(Place(Timestamp::MAX.as_micros(), String::new(), 0));
    // An index finds where a page begins by its time alone.
    let before = before.min(Timestamp::from_micros(at.saturating_add(1)));
    let values = params![
        tx.project()?,
        wanted.account,
        wanted.kind,
        wanted.state,
        wanted.since.unwrap_or(Timestamp::MIN),
        before,
        wanted.search.as_ref().map(pattern),
        at,
        id,
        part,
        limit
    ];
    tx.rows(ACTIVITY, values)
}
