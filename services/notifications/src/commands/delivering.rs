//! What a worker finds to be sent, and what is written down of each attempt.

use contracts::{NotificationId, ProjectId};
use kernel::jobs::Outcome;
use kernel::limits::jitter;
use kernel::store::Tx;

use super::composing::open;
use crate::channels::{Content, Outgoing, Provider, Trouble};
use crate::domain::delivery::{Came, Next, Situation, Twice, next};
use crate::domain::notification::{Channel, Message, Move, Reason, State};
use crate::error::Error;
use crate::jobs::{AskPeople, Deliver, Report, Tried};
use crate::settings::provider_name;
use crate::store;
use crate::store::notifications::Kept;
use crate::telling::{NotificationFailed, NotificationSent};

/// What is to be done with a notification now.
pub enum Due {
    /// It is not to be sent any more.
    Nothing,
    /// Its time is over.
    Over,
    /// It is to be sent.
    Send(Channel, Box<Outgoing>),
}

/// What is to be sent now.
pub fn due(tx: &mut Tx<'_>, id: NotificationId) -> Result<Due, Error> {
    let Some(kept) = store::notifications::find(tx, id)?.filter(|kept| kept.state.is_open()) else {
        return Ok(Due::Nothing);
    };
    if kept.expires_at.is_some_and(|expires_at| tx.now() >= expires_at) {
        return Ok(Due::Over);
    }
    let (Some(content), Some(to)) = (&kept.content, kept.recipient.clone()) else { return Ok(Due::Nothing) };
    let message = open(tx, id, content, kept.sealed)?;
    let Some(content) = content_of(tx, &kept, message, to)? else { return Ok(Due::Nothing) };
    let (project, expires_at) = (tx.project()?, kept.expires_at);
    Ok(Due::Send(kept.channel, Box::new(Outgoing { id, project, expires_at, content })))
}

/// The message with its address, and with the secrets of today where it is signed.
fn content_of(tx: &mut Tx<'_>, kept: &Kept, message: Message, to: String) -> Result<Option<Content>, Error> {
    Ok(match message {
        Message::Email { subject, text, html, unsubscribe_url } => {
            Some(Content::Email { to, subject, text, html, unsubscribe_url })
        }
        Message::Sms { body } => Some(Content::Sms { to, body }),
        Message::Log { text } => Some(Content::Log { to, text }),
        Message::Webhook { kind, at, data } => {
            let Some(endpoint) = kept.endpoint_id else { return Ok(None) };
            let secrets = super::endpoints::open_secrets(tx, endpoint)?;
            secrets.map(|(url, secrets)| Content::Webhook { url, secrets, kind, at, data })
        }
        Message::InApp { .. } => None,
    })
}

/// Writes down what an attempt came to, and asks for the next one.
pub fn record(tx: &mut Tx<'_>, job: &Deliver, outcome: &Outcome<Report>) -> Result<(), Error> {
    let project = tx.project()?;
    let Some(kept) = store::notifications::lock(tx, project, job.notification)? else { return Ok(()) };
    // A receipt, or people, were faster.
    if !kept.state.is_open() {
        return Ok(());
    }
    match outcome {
        Outcome::Done(Report::Moot) => move_to(tx, kept, Move::Suppress, Some(Reason::NoAddress), None),
        Outcome::Done(Report::Over) => move_to(tx, kept, Move::Expire, Some(Reason::Expired), None),
        Outcome::Done(Report::Tried(tried)) => tell_attempt(tx, kept, tried),
        Outcome::Failed { why } => move_to(tx, kept, Move::GiveUp, Some(Reason::Exhausted), Some(why)),
        Outcome::Unknown => move_to(tx, kept, Move::GiveUp, Some(Reason::Unknown), None),
    }
}

fn tell_attempt(tx: &mut Tx<'_>, mut kept: Kept, tried: &Tried) -> Result<(), Error> {
    let project = tx.project()?;
    let name = provider_name(tried.with);
    kept.attempts = kept.attempts.saturating_add(1);
    kept.provider = Some(name.to_owned());
    match &tried.came {
        Ok(accepted) => {
            kept.provider_reference.clone_from(&accepted.reference);
            let moved = if accepted.delivered { Move::Deliver } else { Move::Send };
            move_to(tx, kept, moved, None, None)
        }
        Err(trouble) => {
            let why = trouble.to_string();
            store::notifications::add_entry(
                tx,
                project,
                kept.id,
                came_word(trouble),
                Some(name),
                Some(&why),
            )?;
            let situation = Situation {
                attempt: kept.attempts,
                provider: tried.place,
                providers: tried.providers,
                attempts_max: tried.attempts_max,
                twice: twice(&kept),
                time: tx.now(),
                expires_at: kept.expires_at,
                random: jitter(),
            };
            follow(tx, kept, next(&came(trouble), situation), &why)
        }
    }
}

fn follow(tx: &mut Tx<'_>, kept: Kept, next: Next, why: &str) -> Result<(), Error> {
    match next {
        Next::Again { at, provider } => {
            tx.enqueue_at(&Deliver { notification: kept.id, provider }, at)?;
            move_to(tx, kept, Move::Try, None, None)
        }
        Next::Wait { until } => {
            tx.enqueue_at(&AskPeople { notification: kept.id }, until)?;
            move_to(tx, kept, Move::Try, Some(Reason::Unknown), None)
        }
        Next::Fail => {
            leave_alone(tx, &kept)?;
            move_to(tx, kept, Move::Fail, Some(Reason::BadRecipient), Some(why))
        }
        Next::Expire => move_to(tx, kept, Move::Expire, Some(Reason::Expired), None),
        Next::GiveUp(reason) => move_to(tx, kept, Move::GiveUp, Some(reason), Some(why)),
    }
}

/// Nobody is there: nothing is sent there again.
fn leave_alone(tx: &mut Tx<'_>, kept: &Kept) -> Result<(), Error> {
    match (kept.endpoint_id, &kept.recipient) {
        (Some(endpoint), _) => store::endpoints::set_gone(tx, endpoint)?,
        (None, Some(address)) if kept.channel.disturbs() => {
            let project = tx.project()?;
            store::people::suppress(tx, project, kept.channel, address, "", "bad_recipient")?;
        }
        (None, _) => {}
    }
    Ok(())
}

/// No receipt came for what may have been accepted: people decide.
pub fn ask_people(tx: &mut Tx<'_>, job: &AskPeople) -> Result<(), Error> {
    let project = tx.project()?;
    match store::notifications::lock(tx, project, job.notification)? {
        Some(kept) if kept.state.is_open() && kept.reason == Some(Reason::Unknown) => {
            move_to(tx, kept, Move::GiveUp, Some(Reason::Unknown), Some("no receipt came"))
        }
        _ => Ok(()),
    }
}

/// Moves a notification, with its timeline and its event. What cannot happen any more changes nothing.
fn move_to(
    tx: &mut Tx<'_>,
    kept: Kept,
    moved: Move,
    reason: Option<Reason>,
    why: Option<&str>,
) -> Result<(), Error> {
    let project = tx.project()?;
    settle(tx, project, kept, moved, reason, why)
}

/// The same for a notification of any project: receipts know none.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    project: ProjectId,
    mut kept: Kept,
    moved: Move,
    reason: Option<Reason>,
    why: Option<&str>,
) -> Result<(), Error> {
    let before = kept.state;
    let Some(state) = before.after(moved) else { return Ok(()) };
    (kept.state, kept.reason) = (state, reason);
    store::notifications::update(tx, project, &kept)?;
    let Some(word) = move_word(moved) else { return Ok(()) };
    store::notifications::add_entry(tx, project, kept.id, word, kept.provider.as_deref(), why)?;
    let (notification_id, channel, user_id) = (kept.id, kept.channel, kept.user_id);
    let category = kept.category.clone();
    match moved {
        // That it arrived is no news to those who heard that it was sent.
        Move::Deliver if before == State::Sent => {}
        Move::Send | Move::Deliver => {
            tx.publish_for(
                project,
                kept.id,
                &NotificationSent { notification_id, channel, category, user_id },
            )?;
        }
        Move::Fail | Move::Expire | Move::GiveUp => {
            let (reason, dead) = (reason.unwrap_or(Reason::Exhausted), moved == Move::GiveUp);
            let told = NotificationFailed { notification_id, channel, category, user_id, reason, dead };
            tx.publish_for(project, kept.id, &told)?;
        }
        Move::Try | Move::Suppress | Move::Redrive => {}
    }
    Ok(())
}

/// What a move is called in a timeline; a try has its entry already.
fn move_word(moved: Move) -> Option<&'static str> {
    match moved {
        Move::Try => None,
        Move::Send => Some("sent"),
        Move::Deliver => Some("delivered"),
        Move::Fail => Some("failed"),
        Move::Expire => Some("expired"),
        Move::Suppress => Some("suppressed"),
        Move::GiveUp => Some("dead"),
        Move::Redrive => Some("redriven"),
    }
}

fn came_word(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Unknown(_) => "unknown",
        Trouble::Later { .. } => "later",
        Trouble::ProviderDown(_) => "provider_down",
        Trouble::BadRecipient(_) => "bad_recipient",
        Trouble::BadContent(_) => "bad_content",
        Trouble::BadCredential(_) => "bad_credential",
    }
}

fn came(trouble: &Trouble) -> Came {
    match trouble {
        Trouble::Unknown(_) => Came::Unknown,
        Trouble::Later { after, .. } => Came::Later(*after),
        Trouble::ProviderDown(_) => Came::ProviderDown,
        Trouble::BadRecipient(_) => Came::BadRecipient,
        Trouble::BadContent(_) => Came::BadContent,
        Trouble::BadCredential(_) => Came::BadCredential,
    }
}

/// What twice would mean: a code is better had twice, programs and mail readers tell copies by their id, phones do not.
fn twice(kept: &Kept) -> Twice {
    match (kept.channel, kept.category.is_security()) {
        (Channel::Email | Channel::Sms, true) => Twice::IsBetterThanNever,
        (Channel::Webhook | Channel::Log | Channel::InApp | Channel::Email, _) => Twice::IsSeenByTheReceiver,
        (Channel::Sms, false) => Twice::IsWrong,
    }
}

/// The provider at this place, or the first where the chain was cut short meanwhile.
pub fn provider_at(chain: &[Provider], place: usize) -> Option<(usize, Provider)> {
    let found = chain.get(place).map(|provider| (place, *provider));
    found.or_else(|| chain.first().map(|provider| (0, *provider)))
}
