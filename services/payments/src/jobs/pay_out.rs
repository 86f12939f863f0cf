//! Money is paid out at a provider, and looked after until it has arrived.

use std::sync::Arc;
use std::time::Duration;

use contracts::Money;
use kernel::jobs::{Attempt, CallTrouble, Outcome};
use kernel::secrets::Secret;
use kernel::service::Means;
use kernel::store::{Scope, Tx};

use super::{LookPayout, PayingOut, UNAVAILABLE, WAIT_AFTER_TROUBLE, found, project_of, wait};
use crate::commands::pay_out::{self, MayAsk};
use crate::commands::{POLL, Source};
use crate::domain::{Payout, PayoutNews, ProviderName};
use crate::error::Error;
use crate::providers::{self, Reply, provider};
use crate::settings;
use crate::store;

/// What came of the call.
pub enum Asked {
    /// It is over, or known already.
    Needless,
    /// It may not be asked any more.
    TooLate,
    /// It was answered.
    Answered {
        /// What.
        reply: Reply<PayoutNews>,
        /// The job.
        cause: String,
        /// How long a payout may be quiet.
        poll_after: Duration,
    },
}

const PAY_OUT: &str = "pay_out";

pub(super) async fn call(means: Means, job: Arc<PayingOut>, attempt: Attempt) -> Result<Asked, CallTrouble> {
    let project = project_of(&attempt)?;
    let (id, usual) = (job.payout, means.settings.get_for(project, &settings::PAYOUTS));
    // Who is asked is stored before anybody is: asked again, the same one must hear the same.
    let settled = means
        .store
        .write(Scope::Project(project), move |tx| pay_out::settle_terms(tx, id, usual))
        .await
        .map_err(|error: Error| CallTrouble::NotSent(error.to_string()))?;
    let asking = match settled {
        MayAsk::Yes(asking) => asking,
        MayAsk::Needless => return Ok(Asked::Needless),
        MayAsk::TooLate => return Ok(Asked::TooLate),
    };
    let paying = providers::PayingOut {
        payout: id,
        withdrawal: asking.payout.withdrawal_id,
        project,
        amount: Money::new(asking.payout.amount, asking.payout.currency),
        destination: Secret::new(asking.destination),
    };
    let reply = provider(asking.provider, &means, project, &attempt)?.pay_out(&paying).await?;
    Ok(answered(&means, reply, &attempt))
}

pub(super) async fn look(means: Means, job: Arc<LookPayout>, attempt: Attempt) -> Result<Asked, CallTrouble> {
    let project = project_of(&attempt)?;
    let id = job.payout;
    let payout = found(&means, project, move |tx| Ok(store::payout(tx, id)?)).await?;
    let Some(payout) = payout.filter(|payout| payout.is_open() || job.once) else {
        return Ok(Asked::Needless);
    };
    let (Some(name), Some(reference)) = (payout.provider, &payout.provider_ref) else {
        return Ok(Asked::Needless);
    };
    let reply = provider(name, &means, project, &attempt)?.look_payout(reference).await?;
    Ok(answered(&means, reply, &attempt))
}

fn answered(means: &Means, reply: Reply<PayoutNews>, attempt: &Attempt) -> Asked {
    let poll_after = means.settings.get(&settings::POLL_AFTER);
    Asked::Answered { reply, cause: attempt.job.to_string(), poll_after }
}

pub(super) fn record(tx: &mut Tx<'_>, job: &PayingOut, outcome: &Outcome<Asked>) -> Result<(), Error> {
    let source = Source { what: PAY_OUT, cause: None };
    match outcome {
        Outcome::Done(Asked::Needless) => Ok(()),
        Outcome::Done(Asked::Answered { reply: Ok(news), cause, poll_after }) => {
            let source = Source { cause: Some(cause), ..source };
            let heard = pay_out::hear(tx, job.payout, news, &source)?;
            look_again(tx, heard.map(|(payout, _)| payout).as_ref(), *poll_after, 0)
        }
        Outcome::Done(Asked::Answered { reply: Err(refusal), cause, .. }) => {
            pay_out::refused(tx, job.payout, &refusal.code, &Source { cause: Some(cause), ..source })
        }
        Outcome::Failed { .. } => pay_out::refused(tx, job.payout, UNAVAILABLE, &source),
        Outcome::Unknown | Outcome::Done(Asked::TooLate) => pay_out::lost(tx, job.payout, &source),
    }
}

pub(super) fn record_look(tx: &mut Tx<'_>, job: &LookPayout, outcome: &Outcome<Asked>) -> Result<(), Error> {
    let round = job.round.saturating_add(1);
    let (payout, base, round) = match outcome {
        Outcome::Done(Asked::Needless | Asked::TooLate) => return Ok(()),
        Outcome::Done(Asked::Answered { reply: Ok(news), cause, poll_after }) => {
            let source = Source { what: POLL, cause: Some(cause) };
            let heard = pay_out::hear(tx, job.payout, news, &source)?;
            (heard.map(|(payout, _)| payout), *poll_after, round)
        }
        Outcome::Done(Asked::Answered { reply: Err(_), poll_after, .. }) => {
            (store::payout(tx, job.payout)?, *poll_after, round)
        }
        Outcome::Failed { .. } | Outcome::Unknown => {
            (store::payout(tx, job.payout)?, WAIT_AFTER_TROUBLE, job.round)
        }
    };
    if job.once { Ok(()) } else { look_again(tx, payout.as_ref(), base, round) }
}

/// What people pay out is not looked after: they say what became of it.
fn look_again(tx: &mut Tx<'_>, payout: Option<&Payout>, base: Duration, round: u32) -> Result<(), Error> {
    let open = payout.filter(|payout| payout.is_open() && payout.provider_ref.is_some());
    if let Some(payout) = open.filter(|payout| payout.provider != Some(ProviderName::Offline)) {
        let next = tx.now().saturating_add(wait(base, round));
        tx.enqueue_at(&LookPayout { payout: payout.id, round, once: false }, next)?;
    }
    Ok(())
}
