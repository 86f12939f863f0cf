//! What happens later: messages are made ready and sent, people are asked, and what is old goes.

use std::sync::Arc;
use std::time::Duration;

use contracts::NotificationId;
use contracts::events::access::OtpIssued;
use kernel::jobs::{Attempt, CallTrouble, Concurrency, Job, Jobs, OnUnknown, Outcome, Schedule};
use kernel::service::Means;
use kernel::store::{Scope, Tx};
use serde::{Deserialize, Serialize};

use crate::channels::{self, Accepted, Provider, Trouble};
use crate::commands::accepting::{Asker, Once, accept, refuse};
use crate::commands::delivering::{self, Due};
use crate::domain::notification::{Channel, Said, Wanted};
use crate::error::Error;
use crate::settings::{self, ATTEMPTS_MAX, KEPT, Rules};
use crate::store::sweeping;

/// One attempt at a notification.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deliver {
    /// Which.
    pub notification: NotificationId,
    /// The provider's place in its chain.
    pub provider: usize,
}

/// Something that an event has to say; settings are at hand where jobs are done, so it is made ready there.
#[derive(Debug, Serialize, Deserialize)]
pub struct Compose {
    /// What.
    pub wanted: Wanted,
    /// Said once under this key.
    pub key: String,
    /// The code that the template is given, sealed as it was told.
    pub sealed_code: Option<String>,
}

/// Nobody knows what became of a notification: a receipt has had its time.
#[derive(Debug, Serialize, Deserialize)]
pub struct AskPeople {
    /// Which.
    pub notification: NotificationId,
}

/// The next step of removing what is old.
#[derive(Debug, Serialize, Deserialize)]
struct Sweep {}

/// What an attempt found.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// There was nothing to send, or nobody to send it to.
    Moot,
    /// Its time was over.
    Over,
    /// It was tried.
    Tried(Tried),
}

/// An attempt that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// With whom.
    pub with: Provider,
    /// The provider's place in its chain.
    pub place: usize,
    /// How many providers there are.
    pub providers: usize,
    /// How many attempts are allowed.
    pub attempts_max: u32,
    /// What it came to.
    pub came: Result<Accepted, Trouble>,
}

impl Job for Deliver {
    const KIND: &'static str = "notifications.deliver";
    const QUEUE: &'static str = "deliver";
}

impl Job for Compose {
    const KIND: &'static str = "notifications.compose";
    const QUEUE: &'static str = "compose";
}

impl Job for AskPeople {
    const KIND: &'static str = "notifications.ask_people";
}

impl Job for Sweep {
    const KIND: &'static str = "notifications.sweep";
}

/// Messages that one process sends at once.
const AT_ONCE: Concurrency = Concurrency(16);
/// Rows of a kind that one step of the sweep removes.
const SWEPT_MAX: u32 = 2_000;
/// Counts are of no use after their window, which is an hour at most.
const COUNTS_KEPT: Duration = Duration::from_secs(2 * 3_600);

/// What is done inside, and when.
pub fn register(jobs: &mut Jobs) {
    jobs.inside(delivering::ask_people);
}

/// What needs the means of calls: providers, and settings.
pub fn register_calls(jobs: &mut Jobs, means: &Means) {
    jobs.queue(Deliver::QUEUE, AT_ONCE);
    let mine = means.clone();
    let deliver = move |job: Arc<Deliver>, attempt| deliver(mine.clone(), job, attempt);
    // A worker that died in the middle of a call is asked about like a provider that fell silent.
    jobs.outside(deliver, delivering::record).on_unknown = OnUnknown::AskAgain;
    let mine = means.clone();
    jobs.inside(move |tx, job: &Compose| {
        let rules = settings::rules(&mine.settings, tx.project()?);
        compose(tx, job, &rules)
    });
    let mine = means.clone();
    let kept = move |_: Arc<Sweep>, _| {
        let kept = mine.settings.get(&KEPT);
        async move { Ok::<_, CallTrouble>(kept) }
    };
    jobs.outside(kept, sweep).on_unknown = OnUnknown::AskAgain;
    match Schedule::cron("41 * * * *") {
        Ok(each_hour) => jobs.every("notifications.sweep", each_hour, start_sweep),
        Err(error) => tracing::error!(%error, "old notifications are not removed"),
    }
}

/// Makes one attempt, outside of any transaction.
async fn deliver(means: Means, job: Arc<Deliver>, attempt: Attempt) -> Result<Report, CallTrouble> {
    let no_project = || CallTrouble::Refused("it belongs to no project".to_owned());
    let project = attempt.project.ok_or_else(no_project)?;
    let id = job.notification;
    let found = means.store.read(Scope::Project(project), move |tx| delivering::due(tx, id)).await;
    let (channel, outgoing) = match found.map_err(|error: Error| CallTrouble::NotSent(error.to_string()))? {
        Due::Nothing => return Ok(Report::Moot),
        Due::Over => return Ok(Report::Over),
        Due::Send(channel, outgoing) => (channel, outgoing),
    };
    let chain = settings::chain(&means.settings, project, channel);
    let (place, with) = delivering::provider_at(&chain, job.provider).unwrap_or((0, Provider::Log));
    let came = if attempt.after_unknown {
        Err(Trouble::Unknown("the worker stopped during the attempt".to_owned()))
    } else {
        channels::attempt(&means, with, &outgoing).await
    };
    let attempts_max = means.settings.get_for(project, &ATTEMPTS_MAX).max(1);
    Ok(Report::Tried(Tried { with, place, providers: chain.len().max(1), attempts_max, came }))
}

/// Makes ready what an event has to say; what cannot be made ready is kept for people to see.
fn compose(tx: &mut Tx<'_>, job: &Compose, rules: &Rules) -> Result<(), Error> {
    let once = Once { key: job.key.clone(), fingerprint: None };
    let wanted = match with_code(tx, job) {
        Ok(wanted) => wanted,
        Err(error) => return refuse(tx, &job.wanted, &once, &error.to_string()),
    };
    match accept(tx, &wanted, rules, Some(&once), Asker::Event) {
        Err(Error::Store(error)) => Err(error.into()),
        Err(error) => refuse(tx, &job.wanted, &once, &error.to_string()),
        Ok(_) => Ok(()),
    }
}

/// What is wanted, with the code in the clear: it is sealed again with what is made of it.
fn with_code(tx: &Tx<'_>, job: &Compose) -> Result<Wanted, Error> {
    let mut wanted = job.wanted.clone();
    if let (Some(sealed), Said::Template { variables, .. }) = (&job.sealed_code, &mut wanted.said) {
        let code = tx.keys().keyring.open(OtpIssued::CODE, sealed)?;
        variables.insert("code".to_owned(), String::from_utf8_lossy(&code).into_owned().into());
    }
    Ok(wanted)
}

fn start_sweep(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.enqueue(&Sweep {}).map(drop).map_err(Error::from)
}

/// Removes some of what is old; what is left is the next step's.
fn sweep(tx: &mut Tx<'_>, _: &Sweep, outcome: &Outcome<Duration>) -> Result<(), Error> {
    let Outcome::Done(kept) = outcome else { return Ok(()) };
    let (now, before) = (tx.now(), tx.now().saturating_sub(*kept));
    sweeping::entries(tx, before, SWEPT_MAX)?;
    sweeping::inbox(tx, before, SWEPT_MAX)?;
    let old = sweeping::notifications(tx, before, SWEPT_MAX)?;
    let counts = sweeping::counts(tx, now.saturating_sub(COUNTS_KEPT), SWEPT_MAX)?;
    let hushed = sweeping::hushed(tx, now, SWEPT_MAX)?;
    let full = u64::from(SWEPT_MAX);
    if old >= full || counts >= full || hushed >= full {
        tx.enqueue(&Sweep {})?;
    }
    Ok(())
}

/// The channels through which an event speaks to a person.
pub const TO_A_CUSTOMER: [Channel; 2] = [Channel::Email, Channel::InApp];
