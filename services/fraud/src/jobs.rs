//! What is done later: a review's time ends, the journal is replayed, a provider's payment is judged.

use std::sync::Arc;
use std::time::Duration;

use contracts::events::wallet::RiskDecision;
use contracts::{Currency, OrderId, PaymentId, Timestamp, UserId};
use kernel::jobs::{Attempt, CallTrouble, Job, Jobs, OnUnknown, Outcome};
use kernel::service::Means;
use kernel::store::Tx;
use serde::{Deserialize, Serialize};

use crate::commands::deciding::{self, Consequence};
use crate::commands::{reviews, simulating};
use crate::domain::facts::{Facts, Source};
use crate::domain::{PaymentName, SimulationId};
use crate::error::Error;
use crate::settings::{MODE, Mode, TIMEOUT};

/// The end of a review's time; enqueued with the review.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExpireReview {
    /// Of which payment.
    pub payment: PaymentName,
    /// What is told then.
    pub then: RiskDecision,
}

/// The next step of a replay.
#[derive(Debug, Serialize, Deserialize)]
pub struct Simulate {
    /// Which.
    pub simulation: SimulationId,
}

/// A payment that may have to be judged: settings say so, and they are read outside of transactions.
#[derive(Debug, Serialize, Deserialize)]
pub struct JudgePayment {
    /// The payment.
    pub payment: PaymentId,
    /// How much, in minor units.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Who pays, where that is known.
    pub payer: Option<UserId>,
    /// With which device.
    pub device: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// When it was started.
    pub at: Timestamp,
}

/// An order whose payment may have to be judged: how payments were judged before they told of themselves. Nobody enqueues
/// one any more, and those that wait are done.
#[derive(Debug, Serialize, Deserialize)]
pub struct JudgeOrder {
    /// The order.
    pub order: OrderId,
    /// What it costs, in minor units.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Who ordered.
    pub payer: UserId,
    /// When.
    pub at: Timestamp,
}

impl Job for ExpireReview {
    const KIND: &'static str = "fraud.expire_review";
}

impl Job for Simulate {
    const KIND: &'static str = "fraud.simulate";
}

impl Job for JudgePayment {
    const KIND: &'static str = "fraud.judge_payment";
}

impl Job for JudgeOrder {
    const KIND: &'static str = "fraud.judge_order";
}

/// Says what is done inside.
pub fn register(jobs: &mut Jobs) {
    jobs.inside(|tx, job: &ExpireReview| reviews::expire(tx, &job.payment, job.then));
    jobs.inside(|tx, job: &Simulate| simulating::step(tx, job.simulation));
}

/// Says what is done with settings at hand.
pub fn register_with_means(jobs: &mut Jobs, means: &Means) {
    // Nothing is called: asking again does no harm.
    let at = means.clone();
    jobs.outside(move |_: Arc<JudgePayment>, attempt| chosen(at.clone(), attempt), judge_payment)
        .on_unknown = OnUnknown::AskAgain;
    let at = means.clone();
    jobs.outside(move |_: Arc<JudgeOrder>, attempt| chosen(at.clone(), attempt), judge_order).on_unknown =
        OnUnknown::AskAgain;
}

async fn chosen(means: Means, attempt: Attempt) -> Result<(Mode, Duration), CallTrouble> {
    let Some(project) = attempt.project else { return Ok((Mode::Off, Duration::ZERO)) };
    Ok((means.settings.get_for(project, &MODE), means.settings.get_for(project, &TIMEOUT)))
}

fn judge_payment(
    tx: &mut Tx<'_>,
    job: &JudgePayment,
    outcome: &Outcome<(Mode, Duration)>,
) -> Result<(), Error> {
    let facts = Facts {
        source: Source::Provider,
        amount: job.amount,
        currency: job.currency,
        payer: job.payer,
        payee: None,
        device: job.device.clone(),
        address: job.address.clone(),
        at: job.at,
    };
    judge(tx, &PaymentName::of(job.payment), facts, outcome)
}

fn judge_order(tx: &mut Tx<'_>, job: &JudgeOrder, outcome: &Outcome<(Mode, Duration)>) -> Result<(), Error> {
    let facts = Facts {
        source: Source::Provider,
        amount: job.amount,
        currency: job.currency,
        payer: Some(job.payer),
        payee: None,
        device: None,
        address: None,
        at: job.at,
    };
    judge(tx, &PaymentName::of(job.order), facts, outcome)
}

fn judge(
    tx: &mut Tx<'_>,
    payment: &PaymentName,
    facts: Facts,
    outcome: &Outcome<(Mode, Duration)>,
) -> Result<(), Error> {
    let (consequence, patience) = match outcome {
        Outcome::Done((Mode::Block, patience)) => (Consequence::Acts, patience),
        Outcome::Done((Mode::Observe, patience)) => (Consequence::Observes, patience),
        Outcome::Done((Mode::Off, _)) | Outcome::Failed { .. } | Outcome::Unknown => return Ok(()),
    };
    let late = tx.now().duration_since(facts.at) > *patience;
    deciding::judge(tx, payment, facts, consequence, late)
}

#[cfg(test)]
mod tests {
    use contracts::{Id, ProjectId};
    use kernel::store::Scope;
    use kernel::testing::{Stage, on_both};

    use super::*;
    use crate::store;

    #[test]
    fn what_was_to_be_judged_by_the_name_of_its_order_still_is() {
        on_both(async |place| {
            let stage = Stage::with(place, crate::service(), &[("fraud.mode", "block")]).await;
            let scope = || Scope::Project(ProjectId::from_u128(1));
            let order = OrderId::from_u128(1);
            let left = move |tx: &mut Tx<'_>| {
                let (currency, payer) = (Currency::INR, UserId::from_u128(1));
                Ok(tx.enqueue(&JudgeOrder { order, amount: 100, currency, payer, at: tx.now() })?)
            };
            stage.running.store().write::<_, Error, _>(scope(), left).await.unwrap();
            stage.work().await;
            let decided = move |tx: &mut Tx<'_>| Ok(store::decision(tx, &PaymentName::of(order))?);
            let decided = stage.running.store().read::<_, Error, _>(scope(), decided).await.unwrap();
            assert_eq!(decided.unwrap().verdict.0.decision, RiskDecision::Approve);
            let told = stage.told().await;
            assert_eq!((told.len(), &told[0].1["paymentId"]), (1, &serde_json::json!(order)));
        });
    }
}
