//! Money goes back at a provider, and is looked after until it has.

use std::sync::Arc;
use std::time::Duration;

use contracts::{ProjectId, RefundId};
use kernel::jobs::{Attempt, CallTrouble, Outcome};
use kernel::service::Means;
use kernel::store::Tx;

use super::{LookRefund, Refunding, UNAVAILABLE, WAIT_AFTER_TROUBLE, found, project_of, wait};
use crate::commands::{Source, give_back};
use crate::domain::{Payment, Refund, RefundNews};
use crate::error::Error;
use crate::providers::{Giving, Reply, provider};
use crate::settings;
use crate::store;

/// What came of the call.
pub struct Answered {
    reply: Reply<RefundNews>,
    cause: String,
    poll_after: Duration,
}

const REFUND: &str = "refund";
const LOOK: &str = "poll";

pub(super) async fn call(
    means: Means,
    job: Arc<Refunding>,
    attempt: Attempt,
) -> Result<Option<Answered>, CallTrouble> {
    let project = project_of(&attempt)?;
    let Some((payment, refund)) = open(&means, project, job.refund).await? else { return Ok(None) };
    let (Some(name), Some(reference)) = (payment.provider, payment.provider_ref) else { return Ok(None) };
    let giving = Giving { refund: refund.id, reference, amount: refund.amount };
    let reply = provider(name, &means, project, &attempt)?.give_back(&giving).await?;
    Ok(Some(answered(&means, reply, &attempt)))
}

pub(super) async fn look(
    means: Means,
    job: Arc<LookRefund>,
    attempt: Attempt,
) -> Result<Option<Answered>, CallTrouble> {
    let project = project_of(&attempt)?;
    let Some((payment, refund)) = open(&means, project, job.refund).await? else { return Ok(None) };
    let (Some(name), Some(reference)) = (payment.provider, refund.provider_ref) else { return Ok(None) };
    let reply = provider(name, &means, project, &attempt)?.look_refund(&reference).await?;
    Ok(Some(answered(&means, reply, &attempt)))
}

fn answered(means: &Means, reply: Reply<RefundNews>, attempt: &Attempt) -> Answered {
    Answered { reply, cause: attempt.job.to_string(), poll_after: means.settings.get(&settings::POLL_AFTER) }
}

async fn open(
    means: &Means,
    project: ProjectId,
    id: RefundId,
) -> Result<Option<(Payment, Refund)>, CallTrouble> {
    found(means, project, move |tx| {
        let Some(refund) = store::refund(tx, id)?.filter(Refund::is_open) else { return Ok(None) };
        Ok(store::payment(tx, refund.payment_id)?.map(|payment| (payment, refund)))
    })
    .await
}

pub(super) fn record(
    tx: &mut Tx<'_>,
    job: &Refunding,
    outcome: &Outcome<Option<Answered>>,
) -> Result<(), Error> {
    let source = Source { what: REFUND, cause: None };
    match outcome {
        Outcome::Done(None) => Ok(()),
        Outcome::Done(Some(Answered { reply: Ok(news), cause, poll_after })) => {
            let source = Source { cause: Some(cause), ..source };
            let heard = give_back::hear(tx, job.refund, news, &source)?;
            look_again(tx, heard.as_ref(), *poll_after, 0)
        }
        Outcome::Done(Some(Answered { reply: Err(refusal), cause, .. })) => {
            give_back::refused(tx, job.refund, &refusal.code, &Source { cause: Some(cause), ..source })
        }
        Outcome::Failed { .. } => give_back::refused(tx, job.refund, UNAVAILABLE, &source),
        Outcome::Unknown => give_back::lost(tx, job.refund, &source),
    }
}

pub(super) fn record_look(
    tx: &mut Tx<'_>,
    job: &LookRefund,
    outcome: &Outcome<Option<Answered>>,
) -> Result<(), Error> {
    let round = job.round.saturating_add(1);
    match outcome {
        Outcome::Done(None) => Ok(()),
        Outcome::Done(Some(Answered { reply: Ok(news), cause, poll_after })) => {
            let source = Source { what: LOOK, cause: Some(cause) };
            let heard = give_back::hear(tx, job.refund, news, &source)?;
            look_again(tx, heard.as_ref(), *poll_after, round)
        }
        Outcome::Done(Some(Answered { reply: Err(_), poll_after, .. })) => {
            let refund = store::refund(tx, job.refund)?;
            look_again(tx, refund.as_ref(), *poll_after, round)
        }
        Outcome::Failed { .. } | Outcome::Unknown => {
            let refund = store::refund(tx, job.refund)?;
            look_again(tx, refund.as_ref(), WAIT_AFTER_TROUBLE, job.round)
        }
    }
}

fn look_again(tx: &mut Tx<'_>, refund: Option<&Refund>, base: Duration, round: u32) -> Result<(), Error> {
    if let Some(refund) = refund.filter(|refund| refund.is_open() && refund.provider_ref.is_some()) {
        let next = tx.now().saturating_add(wait(base, round));
        tx.enqueue_at(&LookRefund { refund: refund.id, round }, next)?;
    }
    Ok(())
}
