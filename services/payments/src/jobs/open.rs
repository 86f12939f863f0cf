//! A payment is made known to its provider.

use std::sync::Arc;
use std::time::Duration;

use contracts::Timestamp;
use kernel::jobs::{Attempt, CallTrouble, Outcome};
use kernel::service::Means;
use kernel::store::{Scope, Tx};

use super::{Open, UNAVAILABLE, project_of};
use crate::commands::block;
use crate::commands::start::{self, Terms, Turn};
use crate::domain::{OnSilence, ProviderName};
use crate::error::Error;
use crate::providers::{Opened, Opening, Reply, provider};
use crate::settings;

/// What came of the payment's turn.
pub enum Came {
    /// Nobody was to be asked.
    Over,
    /// Fraud detection is to say something first.
    Waits {
        /// Until when.
        until: Timestamp,
        /// What becomes of it then.
        then: OnSilence,
    },
    /// The provider has answered.
    Answered(Answered),
}

/// What came of the call.
pub struct Answered {
    reply: Reply<Opened>,
    cause: String,
    /// How long the payment may be quiet; none where there is nobody to ask.
    poll_after: Option<Duration>,
}

pub(super) async fn call(means: Means, job: Arc<Open>, attempt: Attempt) -> Result<Came, CallTrouble> {
    let project = project_of(&attempt)?;
    let usual = usual(&means, project);
    let id = job.payment;
    let scope = Scope::Project(project);
    let fraud_wait = means.settings.get_for(project, &settings::FRAUD_WAIT);
    // The terms are stored before anybody is asked: asked again, the provider must hear the same.
    let settled = means.store.write(scope, move |tx| start::settle_terms(tx, id, usual, fraud_wait)).await;
    let (payment, terms) = match settled.map_err(|error: Error| CallTrouble::NotSent(error.to_string()))? {
        Turn::Asks(payment, terms) => (payment, terms),
        Turn::Waits { until } => {
            return Ok(Came::Waits {
                until,
                then: means.settings.get_for(project, &settings::FRAUD_SILENCE),
            });
        }
        Turn::Over => return Ok(Came::Over),
    };
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
    Ok(Came::Answered(Answered { reply, cause: attempt.job.to_string(), poll_after }))
}

/// What holds in a project where nothing is said.
fn usual(means: &Means, project: contracts::ProjectId) -> Terms {
    let providers = means.settings.get_for(project, &settings::PROVIDERS);
    Terms {
        provider: providers.0.first().copied().unwrap_or(ProviderName::Stripe),
        capture: means.settings.get_for(project, &settings::CAPTURE),
    }
}

pub(super) fn record(tx: &mut Tx<'_>, job: &Open, outcome: &Outcome<Came>) -> Result<(), Error> {
    match outcome {
        Outcome::Done(Came::Over) => Ok(()),
        Outcome::Done(Came::Waits { until, then }) => block::wait(tx, job.payment, *until, *then),
        Outcome::Done(Came::Answered(Answered { reply: Ok(opened), cause, poll_after })) => {
            start::opened(tx, job.payment, opened, cause, *poll_after)
        }
        Outcome::Done(Came::Answered(Answered { reply: Err(refusal), .. })) => {
            start::not_opened(tx, job.payment, &refusal.code)
        }
        Outcome::Failed { .. } => start::not_opened(tx, job.payment, UNAVAILABLE),
        Outcome::Unknown => start::perhaps_opened(tx, job.payment),
    }
}
