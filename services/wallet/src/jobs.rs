//! What happens because time passed, and what needs a project's settings: those are not at hand where events are heard,
//! so the job looks them up first, as it would ask somebody outside, and writes what follows in a transaction.

use std::time::Duration;

use contracts::{Currency, Timestamp, TopUpId, UserId, WalletAccountId, WalletPaymentId, WithdrawalId};
use kernel::jobs::{Attempt, CallTrouble, Job, Jobs, OnUnknown, Outcome, Schedule};
use kernel::service::Means;
use kernel::store::Tx;
use serde::{Deserialize, Serialize};

use crate::commands::{accounts, saga, schedules, top_ups, withdrawals};
use crate::domain::{PayScheduleId, Terms};
use crate::error::Error;
use crate::settings;

/// The time of a payment is over, unless it was given more.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deadline {
    /// Which payment.
    pub payment: WalletPaymentId,
}

/// An account was frozen: what is pending on it is to be found.
#[derive(Debug, Serialize, Deserialize)]
pub struct FreezePending {
    /// Which account.
    pub account: WalletAccountId,
    /// What began later began after it was thawed.
    pub at: Timestamp,
    /// Payments up to this one were found before.
    pub after: Option<WalletPaymentId>,
}

/// A payment of a frozen account is to come to nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct FreezePayment {
    /// Which.
    pub payment: WalletPaymentId,
}

/// An account was frozen: the withdrawals that are to leave it are to be found.
#[derive(Debug, Serialize, Deserialize)]
pub struct FreezeLeaving {
    /// Which account.
    pub account: WalletAccountId,
    /// What was asked for later was asked for after it was thawed.
    pub at: Timestamp,
    /// Withdrawals up to this one were found before.
    pub after: Option<WithdrawalId>,
}

/// A withdrawal of a frozen account is to be called off.
#[derive(Debug, Serialize, Deserialize)]
pub struct FreezeWithdrawal {
    /// Which.
    pub withdrawal: WithdrawalId,
}

/// The time of a top-up is over, unless it was given more.
#[derive(Debug, Serialize, Deserialize)]
pub struct TopUpDeadline {
    /// Which top-up.
    pub top_up: TopUpId,
}

/// The time of a withdrawal is over, unless it was given more.
#[derive(Debug, Serialize, Deserialize)]
pub struct WithdrawalDeadline {
    /// Which withdrawal.
    pub withdrawal: WithdrawalId,
}

/// An account was thawed: what is held for it is to be found.
#[derive(Debug, Serialize, Deserialize)]
pub struct TopUpsThawed {
    /// Which account.
    pub account: WalletAccountId,
    /// Top-ups up to this one were found before.
    pub after: Option<TopUpId>,
}

/// A top-up that was held can enter.
#[derive(Debug, Serialize, Deserialize)]
pub struct TopUpThawed {
    /// Which.
    pub top_up: TopUpId,
}

/// Somebody new is given an account where their project wants it so.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenFirst {
    /// Who.
    pub user: UserId,
}

/// A schedule is to pay.
#[derive(Debug, Serialize, Deserialize)]
pub struct PayDue {
    /// Which.
    pub schedule: PayScheduleId,
}

impl Job for Deadline {
    const KIND: &'static str = "wallet.deadline";
}

impl Job for FreezePending {
    const KIND: &'static str = "wallet.freeze_pending";
}

impl Job for FreezePayment {
    const KIND: &'static str = "wallet.freeze_payment";
}

impl Job for FreezeLeaving {
    const KIND: &'static str = "wallet.freeze_leaving";
}

impl Job for FreezeWithdrawal {
    const KIND: &'static str = "wallet.freeze_withdrawal";
}

impl Job for TopUpDeadline {
    const KIND: &'static str = "wallet.top_up_deadline";
}

impl Job for WithdrawalDeadline {
    const KIND: &'static str = "wallet.withdrawal_deadline";
}

impl Job for TopUpsThawed {
    const KIND: &'static str = "wallet.top_ups_thawed";
}

impl Job for TopUpThawed {
    const KIND: &'static str = "wallet.top_up_thawed";
}

impl Job for OpenFirst {
    const KIND: &'static str = "wallet.open_first";
}

impl Job for PayDue {
    const KIND: &'static str = "wallet.pay_due";
}

/// How often somebody looks for payments whose time is over.
const HAND_OUT_EVERY: Duration = Duration::from_secs(2);
/// How often somebody looks for what was forgotten.
const LOOK_EVERY: Duration = Duration::from_secs(300);

/// What is done when.
pub fn register(jobs: &mut Jobs) {
    jobs.inside(|tx, job: &Deadline| saga::run_out(tx, job.payment));
    jobs.inside(|tx, job: &FreezePayment| saga::freeze(tx, job.payment));
    jobs.inside(|tx, job: &FreezeWithdrawal| withdrawals::freeze(tx, job.withdrawal));
    jobs.inside(accounts::freeze_pending);
    jobs.inside(accounts::freeze_leaving);
    jobs.inside(|tx, job: &TopUpDeadline| top_ups::run_out(tx, job.top_up));
    jobs.inside(|tx, job: &WithdrawalDeadline| withdrawals::run_out(tx, job.withdrawal));
    jobs.inside(|tx, job: &TopUpThawed| top_ups::thawed(tx, job.top_up));
    jobs.inside(top_ups::thaw_held);
    if let Ok(often) = Schedule::interval(HAND_OUT_EVERY) {
        jobs.every("wallet.deadlines", often, saga::hand_out_overdue);
    }
    if let Ok(often) = Schedule::interval(LOOK_EVERY) {
        jobs.every("wallet.overdue", often, saga::look_for_overdue);
    }
}

/// What needs a project's settings. Looking at them twice does no harm.
pub fn register_lookups(jobs: &mut Jobs, means: &Means) {
    let at = means.clone();
    let opened = jobs.outside(move |_, attempt| home_currency(at.clone(), attempt), record_first);
    opened.on_unknown = OnUnknown::AskAgain;
    let at = means.clone();
    let paid = jobs.outside(move |_, attempt| terms(at.clone(), attempt), record_due);
    paid.on_unknown = OnUnknown::AskAgain;
}

async fn home_currency(at: Means, attempt: Attempt) -> Result<Option<Currency>, CallTrouble> {
    let project = attempt.project.ok_or_else(no_project)?;
    let wanted = at.settings.get_for(project, &settings::AUTO_ACCOUNT);
    Ok(wanted.then(|| at.settings.get_for(project, &settings::CURRENCY).0))
}

fn record_first(tx: &mut Tx<'_>, job: &OpenFirst, outcome: &Outcome<Option<Currency>>) -> Result<(), Error> {
    match outcome {
        Outcome::Done(Some(currency)) => accounts::open_first(tx, job.user, *currency),
        Outcome::Done(None) | Outcome::Failed { .. } | Outcome::Unknown => Ok(()),
    }
}

async fn terms(at: Means, attempt: Attempt) -> Result<Terms, CallTrouble> {
    let project = attempt.project.ok_or_else(no_project)?;
    Ok(settings::terms(&at.settings, project))
}

fn record_due(tx: &mut Tx<'_>, job: &PayDue, outcome: &Outcome<Terms>) -> Result<(), Error> {
    match outcome {
        Outcome::Done(terms) => schedules::pay_due(tx, job.schedule, terms),
        Outcome::Failed { .. } | Outcome::Unknown => Ok(()),
    }
}

fn no_project() -> CallTrouble {
    CallTrouble::Refused("the job belongs to no project".to_owned())
}
