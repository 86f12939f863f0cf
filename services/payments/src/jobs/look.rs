//! A quiet payment is looked after until nothing can change any more: a message that never came is made good.

use std::sync::Arc;
use std::time::Duration;

use contracts::Timestamp;
use kernel::jobs::{Attempt, CallTrouble, Outcome};
use kernel::service::Means;
use kernel::store::Tx;

use super::{Look, WAIT_AFTER_TROUBLE, found, project_of, wait};
use crate::commands::look;
use crate::domain::News;
use crate::error::Error;
use crate::providers::{Reply, provider};
use crate::settings;
use crate::store;

/// What came of the look.
pub enum Seen {
    /// Nothing can change any more.
    Over,
    /// Somebody else has told of it: it is looked at when it has been quiet for long enough.
    NotQuiet {
        /// When.
        until: Timestamp,
    },
    /// The provider has answered.
    Answered {
        /// What.
        reply: Reply<News>,
        /// The job.
        cause: String,
        /// How long a payment may be quiet.
        poll_after: Duration,
    },
}

pub(super) async fn call(means: Means, job: Arc<Look>, attempt: Attempt) -> Result<Seen, CallTrouble> {
    let project = project_of(&attempt)?;
    let id = job.payment;
    let payment = found(&means, project, move |tx| Ok(store::payment(tx, id)?)).await?;
    let open = payment.filter(|payment| payment.is_open() || (job.once && payment.provider_ref.is_some()));
    let Some(payment) = open else { return Ok(Seen::Over) };
    let (Some(name), Some(reference)) = (payment.provider, &payment.provider_ref) else {
        return Ok(Seen::Over);
    };
    let poll_after = means.settings.get(&settings::POLL_AFTER);
    let until = payment.heard_at.saturating_add(poll_after);
    if !job.once && until > means.store.clock().now() {
        return Ok(Seen::NotQuiet { until });
    }
    let reply = provider(name, &means, project, &attempt)?.look(reference).await?;
    Ok(Seen::Answered { reply, cause: attempt.job.to_string(), poll_after })
}

pub(super) fn record(tx: &mut Tx<'_>, job: &Look, outcome: &Outcome<Seen>) -> Result<(), Error> {
    let (open, next, round) = match outcome {
        Outcome::Done(Seen::Over) => return Ok(()),
        Outcome::Done(Seen::NotQuiet { until }) => (true, *until, 0),
        Outcome::Done(Seen::Answered { reply, cause, poll_after }) => {
            let round = job.round.saturating_add(1);
            let open = look::seen(tx, job.payment, reply, cause)?;
            (open, tx.now().saturating_add(wait(*poll_after, round)), round)
        }
        Outcome::Failed { .. } | Outcome::Unknown => {
            (true, tx.now().saturating_add(WAIT_AFTER_TROUBLE), job.round)
        }
    };
    if open && !job.once {
        tx.enqueue_at(&Look { payment: job.payment, round, once: false }, next)?;
    }
    Ok(())
}
