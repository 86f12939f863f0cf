//! What is done later: a review's time ends, the journal is replayed, an order's payment is judged.

use std::sync::Arc;
use std::time::Duration;

use contracts::events::wallet::RiskDecision;
use contracts::{Currency, OrderId, Timestamp, UserId};
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

/// An order whose payment may have to be judged: settings say so, and they are read outside of transactions.
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
    let means = means.clone();
    // Nothing is called: asking again does no harm.
    jobs.outside(move |_: Arc<JudgeOrder>, attempt| chosen(means.clone(), attempt), judge_order).on_unknown =
        OnUnknown::AskAgain;
}

async fn chosen(means: Means, attempt: Attempt) -> Result<(Mode, Duration), CallTrouble> {
    let Some(project) = attempt.project else { return Ok((Mode::Off, Duration::ZERO)) };
    Ok((means.settings.get_for(project, &MODE), means.settings.get_for(project, &TIMEOUT)))
}

fn judge_order(tx: &mut Tx<'_>, job: &JudgeOrder, outcome: &Outcome<(Mode, Duration)>) -> Result<(), Error> {
    let (consequence, patience) = match outcome {
        Outcome::Done((Mode::Block, patience)) => (Consequence::Acts, patience),
        Outcome::Done((Mode::Observe, patience)) => (Consequence::Observes, patience),
        Outcome::Done((Mode::Off, _)) | Outcome::Failed { .. } | Outcome::Unknown => return Ok(()),
    };
    let facts = Facts {
        source: Source::Provider,
        amount: job.amount,
        currency: job.currency,
        payer: job.payer,
        payee: None,
        device: None,
        address: None,
        at: job.at,
    };
    let late = tx.now().duration_since(job.at) > *patience;
    deciding::judge(tx, &PaymentName::of(job.order), facts, consequence, late)
}
