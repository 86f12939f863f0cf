//! Taking a transaction back: the same money the other way, once, or in parts up to what is left.

use contracts::TransactionId;

use super::entry::{Act, Entry};
use super::transfer::{Phase, Transfer};

/// Why a transaction cannot be taken back so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReversible {
    /// Nothing of it moved: it set money aside, or let it go.
    #[error("nothing moved with this transaction that could be taken back")]
    NothingMoved,
    /// It is part of something else, which would go on as if it had happened.
    #[error("it belongs to a payment, top-up or withdrawal, which is taken back where it was made")]
    OfSomethingElse,
    /// All of it went back before.
    #[error("all of this transaction went back before")]
    AlreadyReversed,
    /// Part of it is wanted, and it has several legs.
    #[error("a transaction of several legs is taken back whole")]
    OnlyWhole,
    /// More is wanted than is left.
    #[error("{0} of it can be taken back at most")]
    Exceeds(i64),
}

/// How much goes back of a transaction of which `before` went back already.
pub fn back(entries: &[Entry], before: i64, wanted: Option<i64>) -> Result<i64, NotReversible> {
    let moved = |entry: &Entry| matches!(entry.act, Act::Transfer | Act::Post);
    if entries.is_empty() || !entries.iter().all(moved) {
        return Err(NotReversible::NothingMoved);
    }
    // A transaction of several legs goes back whole, so what went back is then nothing or everything.
    let whole = match entries {
        [one] => one.amount,
        several => several.iter().fold(0, |sum: i64, leg| sum.saturating_add(leg.amount)),
    };
    let left = whole.saturating_sub(before);
    if left <= 0 {
        return Err(if whole == 0 { NotReversible::NothingMoved } else { NotReversible::AlreadyReversed });
    }
    match wanted {
        None => Ok(left),
        Some(_) if entries.len() > 1 => Err(NotReversible::OnlyWhole),
        Some(amount) if amount > left => Err(NotReversible::Exceeds(left)),
        Some(amount) => Ok(amount),
    }
}

/// The transfers that take entries back, from the last to the first; `amount` where there is one alone.
pub fn undo(entries: &[Entry], amount: i64, mut id: impl FnMut() -> TransactionId) -> Vec<Transfer> {
    let single = entries.len() == 1;
    let leg = |entry: &Entry| {
        let amount = if single { amount } else { entry.amount };
        let (from, to) = (entry.credit.clone(), entry.debit.clone());
        Transfer {
            code: entry.code,
            ..Transfer::between(id(), Phase::Transfer, from, to, amount, entry.currency)
        }
    };
    let mut legs: Vec<Transfer> = entries.iter().rev().map(leg).collect();
    Transfer::chain(&mut legs);
    legs
}
