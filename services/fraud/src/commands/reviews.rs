//! What people make of payments.

use contracts::events::wallet::RiskDecision;
use contracts::{Timestamp, UserId};
use kernel::store::Tx;

use super::deciding::{alert, learn, tell};
use crate::domain::review::{Finding, Found, Review};
use crate::domain::{AlertKind, PaymentName, Reason};
use crate::error::Error;
use crate::store::{self, Decision, ReviewRow};

/// What is told as the reason where a person has decided.
const REVIEWED: &str = "reviewed";
/// What is told as the reason where nobody did in time.
const OVERDUE: &str = "review_overdue";
/// Who let a payment go on that waited here, and why it is no fraud then.
const WALLET: &str = "service:wallet";
const COMPLETED: &str = "The payment was completed.";

/// How a payment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The money has moved.
    Completed,
    /// It came to nothing.
    Failed,
}

/// Says who is to look at a payment, or that nobody is.
pub fn assign(tx: &mut Tx<'_>, payment: &PaymentName, assignee: Option<UserId>) -> Result<ReviewRow, Error> {
    let row = store::lock_review(tx, payment)?.ok_or(Error::Absent("review"))?;
    let review = row.review.clone().assign(assignee)?;
    changed(tx, ReviewRow { review, ..row })
}

/// Somebody says what a payment is. One that waited for it is approved or blocked; of any other it is remembered, and
/// the rules are measured by it.
pub fn decide(
    tx: &mut Tx<'_>,
    payment: &PaymentName,
    fraud: bool,
    reason: &Reason,
    by: &str,
) -> Result<ReviewRow, Error> {
    let decision = judged(tx, payment)?;
    let finding = Finding { fraud, reason: reason.to_string(), by: by.to_owned(), at: tx.now() };
    let row = match store::lock_review(tx, payment)? {
        Some(row) => match row.review.clone().decide(finding)? {
            Found::Releases(review) => {
                let decided = if fraud { RiskDecision::Block } else { RiskDecision::Approve };
                tell(tx, &decision, decided, vec![REVIEWED.to_owned()])?;
                released(tx, &decision, decided)?;
                changed(tx, ReviewRow { review, ..row })?
            }
            Found::Labels(review) => changed(tx, ReviewRow { review, ..row })?,
        },
        None => label(tx, &decision, Review::Decided(finding))?,
    };
    store::add_findings(tx, &decision.verdict.0, fraud)?;
    Ok(row)
}

/// A payment has waited for long enough: the rule set's word for that is told.
pub fn expire(tx: &mut Tx<'_>, payment: &PaymentName, then: RiskDecision) -> Result<(), Error> {
    let Some(row) = store::lock_review(tx, payment)? else { return Ok(()) };
    let Some(review) = row.review.clone().expire(tx.now()) else { return Ok(()) };
    let decision = judged(tx, payment)?;
    changed(tx, ReviewRow { review, ..row })?;
    tell(tx, &decision, then, vec![OVERDUE.to_owned()])?;
    released(tx, &decision, then)?;
    Ok(alert(tx, &decision, AlertKind::ReviewOverdue)?)
}

/// A payment is over. Where it still waited here, whoever looked at it did so at the wallet's door, and nobody needs to be
/// told.
pub fn end(tx: &mut Tx<'_>, payment: &PaymentName, end: End, at: Timestamp) -> Result<(), Error> {
    let Some(row) = store::lock_review(tx, payment)? else { return Ok(()) };
    let ended = match end {
        End::Completed => {
            let (reason, by) = (COMPLETED.to_owned(), WALLET.to_owned());
            row.review.clone().pass(Finding { fraud: false, reason, by, at })
        }
        End::Failed => row.review.clone().close(at),
    };
    let Some(review) = ended else { return Ok(()) };
    changed(tx, ReviewRow { review, ..row })?;
    if end == End::Completed {
        let decision = judged(tx, payment)?;
        released(tx, &decision, RiskDecision::Approve)?;
        store::add_findings(tx, &decision.verdict.0, false)?;
    }
    Ok(())
}

/// What a payment says of people is learnt where its review ends well.
fn released(tx: &mut Tx<'_>, decision: &Decision, decided: RiskDecision) -> Result<(), Error> {
    match decided {
        RiskDecision::Approve => Ok(learn(tx, &decision.evidence.0.facts)?),
        RiskDecision::Review | RiskDecision::Block => Ok(()),
    }
}

fn judged(tx: &mut Tx<'_>, payment: &PaymentName) -> Result<Decision, Error> {
    store::decision(tx, payment)?.ok_or(Error::Absent("decision"))
}

fn label(tx: &mut Tx<'_>, decision: &Decision, review: Review) -> Result<ReviewRow, Error> {
    let (payment_id, decision_id) = (decision.payment_id.clone(), decision.id);
    let row = ReviewRow { payment_id, decision_id, opened_at: tx.now(), review, version: 1 };
    // Whoever labels it at this moment as well has to begin anew, and finds it decided.
    if store::insert_review(tx, &row)? { Ok(row) } else { Err(kernel::store::StoreError::Conflict.into()) }
}

fn changed(tx: &mut Tx<'_>, row: ReviewRow) -> Result<ReviewRow, Error> {
    store::update_review(tx, &row)?;
    Ok(ReviewRow { version: row.version + 1, ..row })
}
