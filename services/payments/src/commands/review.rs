//! People look at what needs it, and say what they found.

use contracts::PaymentId;
use kernel::store::Tx;

use super::pay_out;
use super::{Came, Source, Whose, keep, locked, note};
use crate::domain::{ByHand, Payment, Payout, PayoutId, Reason, Review, ReviewOutcome};
use crate::error::Error;
use crate::store;

/// What somebody found, and who they are.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What.
    pub outcome: ReviewOutcome,
    /// Why.
    pub note: Reason,
    /// Who.
    pub reviewer: String,
}

const REVIEW: &str = "review";

/// Somebody has looked at a payment.
pub fn payment(tx: &mut Tx<'_>, id: PaymentId, found: &Finding) -> Result<Payment, Error> {
    let payment = locked(tx, id, Whose::Everybodys)?;
    if !payment.needs_review {
        return Err(Error::NothingToReview);
    }
    let payment = keep(tx, Payment { needs_review: false, ..payment })?;
    let source = Source { what: REVIEW, cause: Some(&found.reviewer) };
    note(tx, payment.status, &payment, &source, Came::of(found.outcome.name(), None))?;
    record(tx, &id.to_string(), found)?;
    Ok(payment)
}

/// Somebody has looked at a payout.
pub fn payout(tx: &mut Tx<'_>, id: PayoutId, found: &Finding) -> Result<Payout, Error> {
    let payout = store::lock_payout(tx, id)?.ok_or(Error::NoSuchPayout)?;
    if !payout.needs_review {
        return Err(Error::NothingToReview);
    }
    if payout.by_hand() == ByHand::Theirs {
        return Err(Error::OtherHands("say first what became of it: settle it, or let it fail"));
    }
    let payout = pay_out::keep(tx, Payout { needs_review: false, ..payout })?;
    let source = Source { what: REVIEW, cause: Some(&found.reviewer) };
    pay_out::note(tx, payout.status, &payout, &source, Came::of(found.outcome.name(), None))?;
    record(tx, &id.to_string(), found)?;
    Ok(payout)
}

fn record(tx: &mut Tx<'_>, subject: &str, found: &Finding) -> Result<(), Error> {
    let review = Review {
        id: tx.new_id(),
        subject: subject.to_owned(),
        outcome: found.outcome,
        note: found.note.clone(),
        reviewer: found.reviewer.clone(),
        reviewed_at: tx.now(),
    };
    Ok(store::insert_review(tx, &review)?)
}
