//! A payment is made known to its provider.

use std::sync::Arc;
use std::time::Duration;

use kernel::jobs::{Attempt, CallTrouble, Outcome};
use kernel::service::Means;
use kernel::store::{Scope, Tx};

use super::{Open, UNAVAILABLE, project_of};
use crate::commands::start::{self, Terms};
use crate::domain::ProviderName;
use crate::error::Error;
use crate::providers::{Opened, Opening, Reply, provider};
use crate::settings;

/// What came of the call.
pub struct Answered {
    reply: Reply<Opened>,
    cause: String,
    /// How long the payment may be quiet; none where there is nobody to ask.
    poll_after: Option<Duration>,
}

pub(super) async fn call(
    means: Means,
    job: Arc<Open>,
    attempt: Attempt,
) -> Result<Option<Answered>, CallTrouble> {
    let project = project_of(&attempt)?;
    let usual = usual(&means, project);
    let id = job.payment;
    let scope = Scope::Project(project);
    // The terms are stored before anybody is asked: asked again, the provider must hear the same.
    let settled = means.store.write(scope, move |tx| start::settle_terms(tx, id, usual)).await;
    let settled = settled.map_err(|error: Error| CallTrouble::NotSent(error.to_string()))?;
    let Some((payment, terms)) = settled else { return Ok(None) };
    let opening = Opening {
        payment: payment.id,
        project,
        order: payment.order_id,
        invoice: payment.invoice_id.clone(),
        top_up: payment.top_up_id,
        user: payment.user_id,
        price: payment.price(),
        capture: terms.capture,
    };
    let reply = provider(terms.provider, &means, project, &attempt)?.open(&opening).await?;
    let poll_after = match terms.provider {
        ProviderName::Stripe => Some(means.settings.get(&settings::POLL_AFTER)),
        ProviderName::Offline => None,
    };
    Ok(Some(Answered { reply, cause: attempt.job.to_string(), poll_after }))
}

/// What holds in a project where nothing is said.
fn usual(means: &Means, project: contracts::ProjectId) -> Terms {
    let providers = means.settings.get_for(project, &settings::PROVIDERS);
    Terms {
        provider: providers.0.first().copied().unwrap_or(ProviderName::Stripe),
        capture: means.settings.get_for(project, &settings::CAPTURE),
    }
}

pub(super) fn record(tx: &mut Tx<'_>, job: &Open, outcome: &Outcome<Option<Answered>>) -> Result<(), Error> {
    match outcome {
        Outcome::Done(None) => Ok(()),
        Outcome::Done(Some(Answered { reply: Ok(opened), cause, poll_after })) => {
            start::opened(tx, job.payment, opened, cause, *poll_after)
        }
        Outcome::Done(Some(Answered { reply: Err(refusal), .. })) => {
            start::not_opened(tx, job.payment, &refusal.code)
        }
        Outcome::Failed { .. } => start::not_opened(tx, job.payment, UNAVAILABLE),
        Outcome::Unknown => start::perhaps_opened(tx, job.payment),
    }
}
