//! The statements on payments.

use std::time::Duration;

use contracts::{
    Currency, Money, ProjectId, Timestamp, TransactionId, UserId, WalletAccountId, WalletPaymentId,
};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};
use serde::Deserialize;

use super::{pattern, unreadable};
use crate::domain::{
    Cause, Device, Ended, MoneyRequestId, Note, Patience, PayScheduleId, Payment, Reason, Search, State,
    Status, Verdict,
};

/// Which payments are looked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Where they stand.
    pub status: Option<Status>,
    /// Begun then or later.
    pub since: Option<Timestamp>,
    /// Begun before then.
    pub before: Option<Timestamp>,
    /// What their notes hold.
    pub search: Option<Search>,
    /// After this one, newest first.
    pub after: Option<WalletPaymentId>,
}

/// A payment as it lies in its table.
#[derive(Deserialize)]
struct PaymentRow {
    id: WalletPaymentId,
    from_account: WalletAccountId,
    to_account: WalletAccountId,
    payer: UserId,
    payee: UserId,
    currency: Currency,
    amount: i64,
    fee: i64,
    note: Option<Note>,
    client_address: Option<String>,
    device: Option<Device>,
    refund_of: Option<WalletPaymentId>,
    request_id: Option<MoneyRequestId>,
    schedule_id: Option<PayScheduleId>,
    due_at: Option<Timestamp>,
    initiated_at: Timestamp,
    answer_ms: u64,
    review_ms: u64,
    refunded: i64,
    status: Status,
    deadline_at: Option<Timestamp>,
    reason: Option<Reason>,
    ended_at: Option<Timestamp>,
    transaction_id: Option<TransactionId>,
    version: u64,
}

/// The columns of payments, and which ones.
macro_rules! payments {
    ($($rest:literal),+) => {
        concat!(
            "select id, from_account, to_account, payer, payee, currency, amount, fee, note, client_address, device,
               refund_of, request_id, schedule_id, due_at, initiated_at, answer_ms, review_ms, refunded, status,
               deadline_at, reason, ended_at, transaction_id, version
             from payments where project_id = $1 and ",
            $($rest),+
        )
    };
}

/// What every list of payments asks of each, with its order and end; ids begin with `wpay_`.
macro_rules! asked {
    ($which:literal) => {
        payments!(
            $which,
            " and (cast($2 as text) is null or status = $2)
              and initiated_at >= $3 and initiated_at < $4
              and (cast($5 as text) is null or lower(note) like $5 escape '!')
              and id < coalesce($6, 'x') order by id desc limit $7"
        )
    };
}

/// Stores a new payment.
pub fn insert_payment(tx: &mut Tx<'_>, payment: &Payment) -> Result<(), StoreError> {
    let (refund_of, request, schedule, due_at) = match payment.cause {
        Cause::Direct => (None, None, None, None),
        Cause::Refund(of) => (Some(of), None, None, None),
        Cause::Asked(request) => (None, Some(request), None, None),
        Cause::Schedule(schedule, due) => (None, None, Some(schedule), Some(due)),
    };
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 1);
    tx.run(
        "insert into payments (project_id, id, from_account, to_account, payer, payee, currency, amount, fee, note,
           client_address, device, refund_of, request_id, schedule_id, due_at, initiated_at, answer_ms, review_ms,
           refunded, status, deadline_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0, $20, $21, $22)",
        params![
            tx.project()?,
            payment.id,
            payment.from,
            payment.to,
            payment.payer,
            payment.payee,
            payment.amount.currency(),
            payment.amount.minor(),
            payment.fee,
            payment.note,
            payment.client_address,
            payment.device,
            refund_of,
            request,
            schedule,
            due_at,
            payment.initiated_at,
            ms(payment.patience.answer),
            ms(payment.patience.review),
            payment.status(),
            payment.until(),
            payment.version
        ],
    )
    .map(drop)
}

/// Stores where a payment stands now, on top of the version that it was read with. Of what stays as it is, no column is
/// named: each that is has its indexes written anew.
pub fn update_payment(tx: &mut Tx<'_>, payment: &Payment) -> Result<(), StoreError> {
    let Payment { id, version, .. } = payment;
    let project = tx.project()?;
    match &payment.state {
        // It waits by the deadline that it began with.
        State::Initiated { .. } | State::Reserved { .. } => tx.run_versioned(
            "update payments set version = version + 1, status = $4
             where project_id = $1 and id = $2 and version = $3",
            params![project, id, version, payment.status()],
        ),
        State::InReview { .. } | State::Processing { .. } | State::Releasing { .. } => tx.run_versioned(
            "update payments set version = version + 1, status = $4, deadline_at = $5, handed_until = null, reason = $6
             where project_id = $1 and id = $2 and version = $3",
            params![project, id, version, payment.status(), payment.until(), payment.reason()],
        ),
        State::Ended(ended) => {
            let transaction = match ended {
                Ended::Completed { transaction, .. } => Some(*transaction),
                Ended::Failed { .. } => None,
            };
            tx.run_versioned(
                "update payments set version = version + 1, status = $4, deadline_at = null, reason = $5, ended_at = $6,
                   transaction_id = $7
                 where project_id = $1 and id = $2 and version = $3",
                params![
                    project,
                    id,
                    version,
                    payment.status(),
                    payment.reason(),
                    payment.ended_at(),
                    transaction
                ],
            )
        }
    }
}

/// Counts so much more of a payment as going back, or less where it is negative.
pub fn change_refunded(tx: &mut Tx<'_>, id: WalletPaymentId, by: i64) -> Result<(), StoreError> {
    tx.run(
        "update payments set refunded = refunded + $3, version = version + 1 where project_id = $1 and id = $2",
        params![tx.project()?, id, by],
    )
    .map(drop)
}

/// Keeps what a person made of a payment in review: a payment is looked at once, which the key sees to.
pub fn insert_review(
    tx: &mut Tx<'_>,
    id: WalletPaymentId,
    verdict: Verdict,
    reviewer: &str,
    why: &Note,
) -> Result<(), StoreError> {
    tx.run(
        "insert into reviews (project_id, payment_id, verdict, reviewer, reason, reviewed_at)
         values ($1, $2, $3, $4, $5, $6)",
        params![tx.project()?, id, verdict, reviewer, why, tx.now()],
    )
    .map(drop)
}

/// One payment.
pub fn payment(tx: &mut Tx<'_>, id: WalletPaymentId) -> Result<Option<Payment>, StoreError> {
    let row: Option<PaymentRow> = tx.row(payments!("id = $2"), params![tx.project()?, id])?;
    row.map(PaymentRow::payment).transpose()
}

/// One payment, which nobody else changes until the commit.
pub fn lock_payment(tx: &mut Tx<'_>, id: WalletPaymentId) -> Result<Option<Payment>, StoreError> {
    let rows: Vec<PaymentRow> = tx.lock_rows(payments!("id = $2"), params![tx.project()?, id])?;
    rows.into_iter().next().map(PaymentRow::payment).transpose()
}

/// Payments of the whole project, newest first.
pub fn list(tx: &mut Tx<'_>, asked: &Asked, limit: u32) -> Result<Vec<Payment>, StoreError> {
    let sql = match asked.status {
        Some(_) => asked!("status = $2"),
        None => asked!("true"),
    };
    read(tx.rows(sql, &values(tx, asked, limit)?)?)
}

/// Payments that somebody made, and those that reached them, newest first.
pub fn list_of(tx: &mut Tx<'_>, user: UserId, asked: &Asked, limit: u32) -> Result<Vec<Payment>, StoreError> {
    let mut values = values(tx, asked, limit)?;
    values.push(Value::of(&user));
    let rows = tx.rows(
        concat!(
            "select * from (select * from (",
            asked!("payer = $8"),
            ") as sent union all select * from (",
            asked!("payee = $8 and status = 'completed'"),
            ") as received) as mine order by id desc limit $7"
        ),
        &values,
    )?;
    read(rows)
}

/// Payments from or to an account that have not ended and began by `at`, after `after`.
pub fn pending_of(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    at: Timestamp,
    after: Option<WalletPaymentId>,
    limit: u32,
) -> Result<Vec<WalletPaymentId>, StoreError> {
    tx.rows(
        "select id from
           (select id from payments where project_id = $1 and from_account = $2 and ended_at is null and initiated_at <= $3
            union all
            select id from payments where project_id = $1 and to_account = $2 and ended_at is null and initiated_at <= $3)
           as pending
         where id > coalesce($4, '') order by id limit $5",
        params![tx.project()?, account, at, after, limit],
    )
}

/// Hands out, until `until`, payments of all projects whose time is over and that are handed to nobody.
pub fn hand_out_overdue(
    tx: &mut Tx<'_>,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<(ProjectId, WalletPaymentId)>, StoreError> {
    tx.rows(
        "update payments set handed_until = $2 where (project_id, id) in
           (select project_id, id from payments where deadline_at <= $1 and coalesce(handed_until, $1) <= $1
            order by deadline_at, project_id, id limit $3)
         returning project_id, id",
        params![tx.now(), until, limit],
    )
}

fn values(tx: &Tx<'_>, asked: &Asked, limit: u32) -> Result<Vec<Value>, StoreError> {
    let pattern = asked.search.as_ref().map(pattern);
    let (since, before) = (asked.since.unwrap_or(Timestamp::MIN), asked.before.unwrap_or(Timestamp::MAX));
    Ok(params![tx.project()?, asked.status, since, before, pattern, asked.after, limit].to_vec())
}

fn read(rows: Vec<PaymentRow>) -> Result<Vec<Payment>, StoreError> {
    rows.into_iter().map(PaymentRow::payment).collect()
}

impl PaymentRow {
    fn payment(self) -> Result<Payment, StoreError> {
        let (Some(state), Some(cause)) = (self.state(), self.cause()) else {
            return Err(unreadable("payment", self.id));
        };
        Ok(Payment {
            id: self.id,
            from: self.from_account,
            to: self.to_account,
            payer: self.payer,
            payee: self.payee,
            amount: Money::new(self.amount, self.currency),
            fee: self.fee,
            note: self.note,
            client_address: self.client_address,
            device: self.device,
            cause,
            initiated_at: self.initiated_at,
            patience: Patience::new(
                Duration::from_millis(self.answer_ms),
                Duration::from_millis(self.review_ms),
            ),
            refunded: self.refunded,
            state,
            version: self.version,
        })
    }

    fn state(&self) -> Option<State> {
        Some(match self.status {
            Status::Initiated => State::Initiated { until: self.deadline_at? },
            Status::Reserved => State::Reserved { until: self.deadline_at? },
            Status::InReview => State::InReview { until: self.deadline_at? },
            Status::Processing => State::Processing { until: self.deadline_at? },
            Status::Releasing => State::Releasing { why: self.reason.clone()?, until: self.deadline_at? },
            Status::Completed => {
                State::Ended(Ended::Completed { at: self.ended_at?, transaction: self.transaction_id? })
            }
            Status::Failed => State::Ended(Ended::Failed { at: self.ended_at?, why: self.reason.clone()? }),
        })
    }

    fn cause(&self) -> Option<Cause> {
        match (self.refund_of, self.request_id, self.schedule_id, self.due_at) {
            (None, None, None, None) => Some(Cause::Direct),
            (Some(of), None, None, None) => Some(Cause::Refund(of)),
            (None, Some(request), None, None) => Some(Cause::Asked(request)),
            (None, None, Some(schedule), Some(due)) => Some(Cause::Schedule(schedule, due)),
            _ => None,
        }
    }
}
