//! A provider does something with a payment.

use std::sync::Arc;

use kernel::jobs::{Attempt, CallTrouble, Outcome};
use kernel::service::Means;
use kernel::store::Tx;

use super::{Steering, found, project_of};
use crate::commands::steer;
use crate::domain::{News, Stage};
use crate::error::Error;
use crate::providers::{Reply, Steer, provider};
use crate::store;

/// What came of the call.
pub struct Answered {
    reply: Reply<News>,
    cause: String,
}

pub(super) async fn call(
    means: Means,
    job: Arc<Steering>,
    attempt: Attempt,
) -> Result<Option<Answered>, CallTrouble> {
    let project = project_of(&attempt)?;
    let id = job.payment;
    let payment = found(&means, project, move |tx| Ok(store::payment(tx, id)?)).await?;
    let Some(payment) = payment else { return Ok(None) };
    if payment.status.stage() == Stage::Paid || (payment.provider_ref.is_none() && !payment.live) {
        return Ok(None);
    }
    // Whoever did not know that it is not wanted any more must not have it paid.
    if payment.unwanted && job.steer != Steer::Cancel {
        return Ok(None);
    }
    let (Some(name), Some(reference)) = (payment.provider, &payment.provider_ref) else {
        return Err(CallTrouble::NotSent("the provider does not know the payment yet".into()));
    };
    let key = attempt.job.to_string();
    let reply = provider(name, &means, project, &attempt)?.steer(reference, &job.steer, key.clone()).await?;
    Ok(Some(Answered { reply, cause: key }))
}

pub(super) fn record(
    tx: &mut Tx<'_>,
    job: &Steering,
    outcome: &Outcome<Option<Answered>>,
) -> Result<(), Error> {
    match outcome {
        Outcome::Done(Some(Answered { reply, cause })) => steer::answered(tx, job, reply, cause),
        Outcome::Done(None) => steer::not_answered(tx, job, "needless"),
        Outcome::Failed { .. } => steer::not_answered(tx, job, "failed"),
        Outcome::Unknown => steer::not_answered(tx, job, "unknown"),
    }
}
