//! What one can do with payments: `start` (made and made known), `steer` (confirmed, captured, settled, called off),
//! `block` (not wanted by fraud detection), `hear` (what a provider says), `look` (when it was asked), `give_back`
//! (refunds), `pay_out` (payouts), `take` (messages), `review` (what people find), `erase` (somebody is forgotten).

pub mod block;
pub mod erase;
pub mod give_back;
pub mod hear;
pub mod look;
pub mod pay_out;
pub mod review;
pub mod start;
pub mod steer;
pub mod take;

#[cfg(test)]
mod tests;

use contracts::{PaymentId, RefundId, UserId};
use kernel::store::Tx;

use crate::domain::{Payment, Status};
use crate::error::Error;
use crate::store::{self, Attempt};

/// Whose payments somebody may see and change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All of the project.
    Everybodys,
    /// Those of one person.
    Of(UserId),
}

/// What brought news: its name in the list of attempts, and the message or the job behind it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'s> {
    /// Its name.
    pub what: &'static str,
    /// The message or the job.
    pub cause: Option<&'s str>,
}

/// What came of a question or a message, to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Came<'c> {
    /// In a word.
    pub result: &'c str,
    /// The provider's own word.
    pub said: Option<&'c str>,
    /// The refund that it was about.
    pub refund: Option<RefundId>,
}

/// The name that a provider's messages have in the list of attempts.
pub const WEBHOOK: &str = "webhook";
/// The name that our own looks have there.
pub const POLL: &str = "poll";

impl Whose {
    /// Whether a payment is among them.
    pub fn holds(self, payment: &Payment) -> bool {
        self.covers(payment.user_id)
    }

    /// Whether what this person has is among them.
    pub fn is(self, user: UserId) -> bool {
        self.covers(Some(user))
    }

    /// Whether what this person, or nobody any more, has is among them.
    pub fn covers(self, user: Option<UserId>) -> bool {
        match self {
            Self::Everybodys => true,
            Self::Of(own) => user == Some(own),
        }
    }
}

/// A payment for whoever is about to change it, if it is theirs.
fn locked(tx: &mut Tx<'_>, id: PaymentId, whose: Whose) -> Result<Payment, Error> {
    let found = store::lock_payment(tx, id)?;
    found.filter(|payment| whose.holds(payment)).ok_or(Error::NoSuchPayment)
}

/// Writes a payment down; what it returns can be changed and written again.
fn keep(tx: &mut Tx<'_>, payment: Payment) -> Result<Payment, Error> {
    store::save_payment(tx, &payment)?;
    Ok(Payment { updated_at: tx.now(), version: payment.version + 1, ..payment })
}

/// Writes an attempt down.
fn note(
    tx: &mut Tx<'_>,
    before: Status,
    after: &Payment,
    source: &Source<'_>,
    came: Came<'_>,
) -> Result<(), Error> {
    let attempt = Attempt {
        id: tx.new_id(),
        payment_id: after.id,
        refund_id: came.refund,
        what: source.what.to_owned(),
        result: came.result.to_owned(),
        status_before: before,
        status_after: after.status,
        said: came.said.map(str::to_owned),
        cause: source.cause.map(str::to_owned),
        happened_at: tx.now(),
    };
    Ok(store::insert_attempt(tx, &attempt)?)
}

/// The key of what is told of a payment: all about an order or a top-up is heard in its order.
fn key(payment: &Payment) -> String {
    match (payment.order_id, payment.top_up_id) {
        (Some(order), _) => order.to_string(),
        (None, Some(top_up)) => top_up.to_string(),
        (None, None) => payment.id.to_string(),
    }
}

impl<'c> Came<'c> {
    /// What came of a question about the payment itself.
    fn of(result: &'c str, said: Option<&'c str>) -> Self {
        Self { result, said, refund: None }
    }
}
