//! Taking something that is to be said: checked, made ready, kept once, and handed to the worker.

use std::time::Duration;

use contracts::{NotificationId, Timestamp};
use kernel::store::Tx;

use super::composing::{Composed, Sendable, compose, keep, sendable};
use crate::domain::choices::Preferences;
use crate::domain::endpoint::EndpointId;
use crate::domain::notification::{Channel, Priority, Reason, Said, State, To, Wanted};
use crate::domain::template::Misfit;
use crate::domain::unsubscribe::{USE, Unwanted};
use crate::domain::words::{Category, Locale};
use crate::error::Error;
use crate::jobs::Deliver;
use crate::settings::Rules;
use crate::store;
use crate::store::notifications::Kept;
use crate::store::people::Contact;
use crate::telling::NotificationSent;

/// Asked for twice with the same key, it is said once.
#[derive(Clone, Debug)]
pub struct Once {
    /// The key, unique in its project.
    pub key: String,
    /// What tells one request from another with the same key; events need none.
    pub fingerprint: Option<String>,
}

/// Who asks, since a program hears of trouble and an event cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A caller of the API.
    Caller,
    /// An event.
    Event,
}

/// Where it goes.
#[derive(Default)]
struct Target {
    address: Option<String>,
    endpoint: Option<EndpointId>,
}

/// Whether it is wanted, and when.
#[derive(Default)]
struct Standing {
    left_out: Option<Reason>,
    wait_until: Option<Timestamp>,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// What is said where neither the sender nor a template says what it is about.
const GENERAL: &str = "general";

/// Takes something that is to be said; the same key twice is the same notification.
pub fn accept(
    tx: &mut Tx<'_>,
    wanted: &Wanted,
    rules: &Rules,
    once: Option<&Once>,
    asker: Asker,
) -> Result<Kept, Error> {
    // What was accepted under this key before is neither counted nor made ready again.
    if let Some(earlier) = earlier(tx, once)? {
        return Ok(earlier);
    }
    let template = match &wanted.said {
        Said::Template { name, .. } => Some(sendable(tx, name)?),
        Said::Words { .. } | Said::Event { .. } => None,
    };
    let category = wanted.category.clone().or_else(|| template.as_ref().map(|one| one.category.clone()));
    let category = category.unwrap_or_else(|| Category::ours(GENERAL));
    let target = target(tx, wanted)?;
    let preferences = preferences(tx, wanted)?;
    let standing = standing(tx, wanted, rules, &category, &target, &preferences, asker)?;
    let languages = languages(wanted, &preferences, rules);
    let id: NotificationId = tx.new_id();
    let unsubscribe_url = unsubscribe_url(tx, rules, &category, target.address.as_deref())?;
    let composed = compose(tx, wanted.channel, &wanted.said, template.as_ref(), &languages, unsubscribe_url)?;
    let kept = kept(tx, id, wanted, category, target, &standing, composed, template.as_ref(), once)?;
    if !store::notifications::insert(tx, &kept, once.map(|once| once.key.as_str()))? {
        // Somebody was faster with the same key.
        return self::earlier(tx, once)?.ok_or(Error::NoSuch("notification"));
    }
    hand_over(tx, &kept, standing.wait_until)?;
    Ok(kept)
}

/// Keeps that something could not be made ready, for people to see: an event hears no answer.
pub fn refuse(tx: &mut Tx<'_>, wanted: &Wanted, once: &Once, why: &str) -> Result<(), Error> {
    let category = wanted.category.clone().unwrap_or_else(|| Category::ours(GENERAL));
    let id = tx.new_id();
    let (template, _) = template_of(wanted, None);
    let kept = Kept {
        state: State::Failed,
        reason: Some(Reason::Template),
        template,
        ..bare(tx, id, wanted, category, None)
    };
    if store::notifications::insert(tx, &kept, Some(&once.key))? {
        let project = tx.project()?;
        store::notifications::add_entry(tx, project, id, "failed", None, Some(why))?;
    }
    Ok(())
}

fn earlier(tx: &mut Tx<'_>, once: Option<&Once>) -> Result<Option<Kept>, Error> {
    let Some(once) = once else { return Ok(None) };
    let earlier = store::notifications::by_key(tx, &once.key)?;
    match &earlier {
        Some(kept) if kept.fingerprint != once.fingerprint => Err(Error::KeyReused),
        _ => Ok(earlier),
    }
}

fn target(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Target, Error> {
    let address = |address: Option<String>| Ok(Target { address, endpoint: None });
    let misfit = |why: &str| Err(Misfit::new("to", why).into());
    match (wanted.channel, &wanted.to) {
        (Channel::Email, To::Email(email)) => address(Some(email.key())),
        (Channel::Sms, To::Phone(phone)) => address(Some(phone.to_string())),
        (Channel::Email, To::UserId(user)) => address(contact(tx, *user)?.email),
        (Channel::Sms, To::UserId(user)) => address(contact(tx, *user)?.phone),
        (Channel::InApp, To::UserId(_)) => address(None),
        (Channel::Log, To::UserId(user)) => address(Some(user.to_string())),
        (Channel::Log, To::Email(email)) => address(Some(email.key())),
        (Channel::Log, To::Phone(phone)) => address(Some(phone.to_string())),
        (Channel::Log, To::Url(url)) => address(Some(url.to_string())),
        (Channel::Webhook, To::Url(url)) => match store::endpoints::at(tx, url)? {
            Some(id) => Ok(Target { address: Some(url.to_string()), endpoint: Some(id) }),
            None => misfit("is not the address of an endpoint of this project"),
        },
        (Channel::Email, To::Phone(_) | To::Url(_)) => misfit("is a user_id or an email for this channel"),
        (Channel::Sms, To::Email(_) | To::Url(_)) => misfit("is a user_id or a phone for this channel"),
        (Channel::InApp, To::Email(_) | To::Phone(_) | To::Url(_)) => misfit("is a user_id for this channel"),
        (Channel::Webhook, To::UserId(_) | To::Email(_) | To::Phone(_)) => {
            misfit("is a url for this channel")
        }
    }
}

fn contact(tx: &mut Tx<'_>, user: contracts::UserId) -> Result<Contact, Error> {
    Ok(store::people::contact(tx, user)?.unwrap_or_default())
}

fn preferences(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Preferences, Error> {
    let Some(user) = wanted.user else { return Ok(Preferences::default()) };
    match store::people::preferences(tx, user)? {
        Some(choices) => Ok(serde_json::from_str(&choices)?),
        None => Ok(Preferences::default()),
    }
}

fn standing(
    tx: &mut Tx<'_>,
    wanted: &Wanted,
    rules: &Rules,
    category: &Category,
    target: &Target,
    preferences: &Preferences,
    asker: Asker,
) -> Result<Standing, Error> {
    let left_out = |reason| Ok(Standing { left_out: Some(reason), wait_until: None });
    if wanted.channel != Channel::InApp && target.address.is_none() {
        return left_out(Reason::NoAddress);
    }
    if let Some(reason) = unwanted(tx, wanted.channel, category, target.address.as_deref(), preferences)? {
        return left_out(reason);
    }
    match (limited(tx, wanted.channel, target.address.as_deref(), rules)?, asker) {
        (Some(retry_after), Asker::Caller) => return Err(Error::TooOften { retry_after }),
        (Some(_), Asker::Event) => return left_out(Reason::RateLimit),
        (None, _) => {}
    }
    let wait_until = preferences.wait(category, wanted.channel, wanted.priority, tx.now());
    Ok(Standing { left_out: None, wait_until })
}

/// Why this is not to be sent, as far as the reader has a say: asked again when it is sent once more.
pub fn unwanted(
    tx: &mut Tx<'_>,
    channel: Channel,
    category: &Category,
    address: Option<&str>,
    preferences: &Preferences,
) -> Result<Option<Reason>, Error> {
    if !preferences.want(category, channel) {
        return Ok(Some(Reason::Preference));
    }
    let Some(address) = address.filter(|_| channel.disturbs()) else { return Ok(None) };
    let alone = store::people::is_suppressed(tx, channel, address, category)?;
    Ok(alone.then_some(Reason::SuppressedAddress))
}

/// Counts one more of the project and of the address; says how long there is no room, where there is none.
fn limited(
    tx: &mut Tx<'_>,
    channel: Channel,
    address: Option<&str>,
    rules: &Rules,
) -> Result<Option<Duration>, Error> {
    let now = tx.now();
    if rules.limit_project > 0 {
        let window = window_of(now, MINUTE);
        if store::limits::count(tx, "project", window)? > rules.limit_project {
            return Ok(Some(window.saturating_add(MINUTE).duration_since(now)));
        }
    }
    let Some(address) = address.filter(|_| channel.disturbs() && rules.limit_recipient > 0) else {
        return Ok(None);
    };
    let window = window_of(now, HOUR);
    let name = format!("{} {address}", channel.as_str());
    let used = store::limits::count(tx, &name, window)?;
    let full = used > rules.limit_recipient;
    Ok(full.then(|| window.saturating_add(HOUR).duration_since(now)))
}

/// The beginning of the window that a time is in.
fn window_of(time: Timestamp, length: Duration) -> Timestamp {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(time.as_micros() - time.as_micros().rem_euclid(length))
}

fn languages(wanted: &Wanted, preferences: &Preferences, rules: &Rules) -> Vec<Locale> {
    let chosen = [wanted.locale.clone(), preferences.locale.clone(), Some(rules.locale.clone())];
    chosen.into_iter().flatten().collect()
}

fn unsubscribe_url(
    tx: &Tx<'_>,
    rules: &Rules,
    category: &Category,
    address: Option<&str>,
) -> Result<Option<String>, Error> {
    let (Some(base), Some(address)) = (&rules.public_url, address) else { return Ok(None) };
    if category.is_transactional() {
        return Ok(None);
    }
    let unwanted =
        Unwanted { project: tx.project()?, address: address.to_owned(), category: category.clone() };
    let token = unwanted.token(&tx.keys().keyring.macs(USE));
    let base = base.trim_end_matches('/');
    Ok(token.map(|token| format!("{base}/api/v1/notifications/unsubscribe/{token}")))
}

#[expect(clippy::too_many_arguments, reason = "each is one column or more of the row that it makes")]
fn kept(
    tx: &Tx<'_>,
    id: NotificationId,
    wanted: &Wanted,
    category: Category,
    target: Target,
    standing: &Standing,
    composed: Composed,
    template: Option<&Sendable>,
    once: Option<&Once>,
) -> Result<Kept, Error> {
    let (state, reason) = match (standing.left_out, standing.wait_until, wanted.channel) {
        (Some(reason), _, _) => (State::Suppressed, Some(reason)),
        (None, Some(_), _) => (State::Accepted, Some(Reason::QuietHours)),
        (None, None, Channel::InApp) => (State::Delivered, None),
        (None, None, _) => (State::Accepted, None),
    };
    let sealed = category.is_security();
    let (name, version) = template_of(wanted, template);
    Ok(Kept {
        state,
        reason,
        content: Some(keep(tx, id, &composed.message, sealed)?),
        sealed,
        endpoint_id: target.endpoint,
        template: name,
        template_version: version,
        locale: composed.locale,
        fingerprint: once.and_then(|once| once.fingerprint.clone()),
        ..bare(tx, id, wanted, category, target.address)
    })
}

fn template_of(
    wanted: &Wanted,
    template: Option<&Sendable>,
) -> (Option<crate::domain::words::TemplateName>, Option<u32>) {
    match &wanted.said {
        Said::Template { name, .. } => (Some(name.clone()), template.map(|template| template.version)),
        Said::Words { .. } | Said::Event { .. } => (None, None),
    }
}

/// A notification as it is before anything is known of what it says.
pub(super) fn bare(
    tx: &Tx<'_>,
    id: NotificationId,
    wanted: &Wanted,
    category: Category,
    recipient: Option<String>,
) -> Kept {
    let metadata =
        (!wanted.metadata.is_empty()).then(|| serde_json::to_string(&wanted.metadata).ok()).flatten();
    let urgent = category.is_security() || wanted.priority == Priority::Urgent;
    Kept {
        id,
        channel: wanted.channel,
        state: State::Accepted,
        reason: None,
        category,
        priority: if urgent { Priority::Urgent } else { Priority::Normal },
        user_id: wanted.user,
        recipient,
        endpoint_id: None,
        template: None,
        template_version: None,
        locale: None,
        content: None,
        sealed: false,
        metadata,
        fingerprint: None,
        provider: None,
        provider_reference: None,
        attempts: 0,
        expires_at: wanted.expires_at,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

/// Puts it into the inbox, or on the worker's list.
fn hand_over(tx: &mut Tx<'_>, kept: &Kept, wait_until: Option<Timestamp>) -> Result<(), Error> {
    if kept.state == State::Suppressed {
        return Ok(());
    }
    match (kept.channel, kept.user_id) {
        (Channel::InApp, Some(user)) => {
            store::inbox::put(tx, user, kept.id)?;
            let (notification_id, channel, category) = (kept.id, kept.channel, kept.category.clone());
            tx.publish(user, &NotificationSent { notification_id, channel, category, user_id: Some(user) })?;
        }
        _ => {
            let due_at = wait_until.unwrap_or_else(|| tx.now());
            tx.enqueue_at(&Deliver { notification: kept.id, provider: 0 }, due_at)?;
        }
    }
    Ok(())
}
