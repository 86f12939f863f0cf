//! What is done later: each call to a provider is a job, and so is finding out what became of one. `open`, `steer`,
//! `look`, `refund`, `pay_out`. So is the end of a wait for fraud detection.
//!
//! A call that may have been accepted is made again with the same key, so that the provider takes it as one.

mod look;
mod open;
mod pay_out;
mod refund;
mod steer;

use std::time::Duration;

use contracts::{PaymentId, ProjectId, RefundId};
use kernel::jobs::{Attempt, CallTrouble, Jobs, OnUnknown, Policy, Schedule};
use kernel::service::Means;
use kernel::store::{Scope, StoreError, Tx};
use serde::{Deserialize, Serialize};

use crate::commands::{block, take};
use crate::domain::{OnSilence, PayoutId};
use crate::error::Error;
use crate::providers::Steer;
use crate::store;

/// A payment is to be made known to its provider.
#[derive(Debug, Serialize, Deserialize)]
pub struct Open {
    /// Which.
    pub payment: PaymentId,
}

/// The end of a payment's wait for fraud detection; enqueued with the wait.
#[derive(Debug, Serialize, Deserialize)]
pub struct Silence {
    /// Which payment.
    pub payment: PaymentId,
    /// What becomes of it.
    pub then: OnSilence,
}

/// A provider is to do something with a payment.
#[derive(Debug, Serialize, Deserialize)]
pub struct Steering {
    /// Which.
    pub payment: PaymentId,
    /// What.
    pub steer: Steer,
}

/// A provider is to be asked where a payment stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct Look {
    /// Which.
    pub payment: PaymentId,
    /// How often it was asked in vain; the waits grow with it.
    pub round: u32,
    /// Now and not again, beside the looks that follow each other.
    pub once: bool,
}

/// Money is to go back.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refunding {
    /// Which refund.
    pub refund: RefundId,
}

/// A provider is to be asked where a refund stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct LookRefund {
    /// Which.
    pub refund: RefundId,
    /// How often it was asked in vain.
    pub round: u32,
}

/// Money is to be paid out.
#[derive(Debug, Serialize, Deserialize)]
pub struct PayingOut {
    /// Which payout.
    pub payout: PayoutId,
}

/// A provider is to be asked where a payout stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct LookPayout {
    /// Which payout.
    pub payout: PayoutId,
    /// How often it was asked in vain.
    pub round: u32,
    /// Now and not again, whatever we know of it.
    pub once: bool,
}

/// A message of a provider is to be applied that was kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct Taking {
    /// Its id.
    pub event: String,
}

/// Nobody looks less often than once in this time.
const WAIT_MAX: Duration = Duration::from_secs(86_400);
/// Where it is not known how long to wait.
const WAIT_AFTER_TROUBLE: Duration = Duration::from_secs(3600);
/// Providers send a message again for three days; it is known again for much longer.
const MESSAGES_KEPT: Duration = Duration::from_secs(90 * 86_400);
/// What became of a payment when its provider could not be reached often enough.
const UNAVAILABLE: &str = "provider_unavailable";

/// The calls, with what they need.
pub fn register_calls(jobs: &mut Jobs, means: &Means) {
    let at = means.clone();
    patient(jobs.outside(move |job, attempt| open::call(at.clone(), job, attempt), open::record));
    let at = means.clone();
    patient(jobs.outside(move |job, attempt| steer::call(at.clone(), job, attempt), steer::record));
    let at = means.clone();
    patient(jobs.outside(move |job, attempt| look::call(at.clone(), job, attempt), look::record));
    let at = means.clone();
    patient(jobs.outside(move |job, attempt| refund::call(at.clone(), job, attempt), refund::record));
    let at = means.clone();
    patient(jobs.outside(move |job, attempt| refund::look(at.clone(), job, attempt), refund::record_look));
    let at = means.clone();
    patient(jobs.outside(move |job, attempt| pay_out::call(at.clone(), job, attempt), pay_out::record));
    let at = means.clone();
    patient(jobs.outside(move |job, attempt| pay_out::look(at.clone(), job, attempt), pay_out::record_look));
}

/// What happens later without a provider, and every so often.
pub fn register(jobs: &mut Jobs) {
    jobs.inside(take::take_kept);
    jobs.inside(|tx, job: &Silence| block::silent(tx, job.payment, job.then));
    if let Ok(nights) = Schedule::cron("20 3 * * *") {
        jobs.every("payments.forget_messages", nights, forget_messages);
    }
}

fn forget_messages(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let before = tx.now().saturating_sub(MESSAGES_KEPT);
    store::delete_old_messages(tx, before).map(drop)
}

/// Each call has a key that is the same on every try.
fn patient(policy: &mut Policy) {
    policy.on_unknown = OnUnknown::AskAgain;
}

/// How long to wait before the next look: twice as long after each one in vain.
fn wait(base: Duration, round: u32) -> Duration {
    base.saturating_mul(1_u32.checked_shl(round.min(20)).unwrap_or(u32::MAX)).min(WAIT_MAX)
}

fn project_of(attempt: &Attempt) -> Result<ProjectId, CallTrouble> {
    attempt.project.ok_or_else(|| CallTrouble::Refused("a payment belongs to a project".into()))
}

/// What a call needs to know from our own database.
async fn found<T: Send + 'static>(
    means: &Means,
    project: ProjectId,
    query: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, CallTrouble> {
    let found = means.store.read(Scope::Project(project), query).await;
    found.map_err(|error| CallTrouble::NotSent(error.to_string()))
}

/// It asks nobody, so it need not wait behind those who do.
impl kernel::jobs::Job for Silence {
    const KIND: &'static str = "payments.silence";
}

macro_rules! kinds {
    ($($job:ident = $kind:literal;)+) => {$(
        impl kernel::jobs::Job for $job {
            const KIND: &'static str = $kind;
            const QUEUE: &'static str = "providers";
        }
    )+};
}

kinds! {
    Open = "payments.open";
    Steering = "payments.steer";
    Look = "payments.look";
    Refunding = "payments.refund";
    LookRefund = "payments.look_refund";
    PayingOut = "payments.pay_out";
    LookPayout = "payments.look_payout";
    Taking = "payments.take";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_day() {
        let base = Duration::from_secs(300);
        let waits = [0, 1, 2, 20, u32::MAX].map(|round| wait(base, round).as_secs());
        assert_eq!(waits, [300, 600, 1200, 86_400, 86_400]);
    }

    #[test]
    fn the_schedule_is_one() {
        assert!(Schedule::cron("20 3 * * *").is_ok());
    }
}
