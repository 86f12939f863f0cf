//! What can be done with the registry: set, try and take back settings; note that an instance lives or goes.
//!
//! Whatever is set is told whole, so that whoever hears it needs no earlier revision. Secrets are in clear nowhere
//! but in the memory of a transaction.

use std::time::Duration;

use contracts::Timestamp;
use contracts::events::fleet::ConfigPublished;
use kernel::config::sealing_context;
use kernel::secrets::SealError;
use kernel::store::{StoreError, Tx};

use crate::domain::{
    Change, Config, Instance, InstanceName, Place, Remark, Revision, Said, ServiceName, Settable, Texts,
    Wish, plan, platform,
};
use crate::error::Error;
use crate::store::{self, Listed};

/// What goes with a change.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// The revision that the caller saw.
    pub seen: Option<u64>,
    /// Why it is made.
    pub remark: Option<Remark>,
}

/// Rows that one transaction walks over.
const AT_A_TIME: u32 = 500;

/// Changes what is set at a place, all of it as one revision; a wish that changes nothing makes none.
pub fn set(
    tx: &mut Tx<'_>,
    settable: Settable<'_>,
    place: &Place,
    wish: &Wish,
    note: &Note,
) -> Result<Config, Error> {
    let before = seen(tx, place, note.seen)?;
    let changes = planned(tx, settable, place, &before, wish)?;
    make(tx, settable, place, before, wish, changes, (note, None))
}

/// What `set` would change, and on top of which revision.
pub fn check(
    tx: &mut Tx<'_>,
    settable: Settable<'_>,
    place: &Place,
    wish: &Wish,
) -> Result<(u64, Vec<Change>), Error> {
    let before = store::config(tx, place)?;
    Ok((before.revision, planned(tx, settable, place, &before, wish)?))
}

/// Sets again what was set as of an earlier revision; what there is no more stays away.
pub fn roll_back(
    tx: &mut Tx<'_>,
    settable: Settable<'_>,
    place: &Place,
    to_revision: u64,
    note: &Note,
) -> Result<Config, Error> {
    let before = seen(tx, place, note.seen)?;
    let earlier = match to_revision {
        0 => Texts::new(),
        to_revision if to_revision > before.revision => return Err(Error::NoSuchRevision),
        to_revision => store::revision_texts(tx, place, to_revision)?.ok_or(Error::NoSuchRevision)?,
    };
    let mut wish: Wish = before.texts.keys().map(|key| (key.clone(), None)).collect();
    for (key, text) in earlier {
        let Some(declaration) = settable.find(&key) else { continue };
        let text = if declaration.secret { opened(tx, place, &key, &text)? } else { text };
        wish.insert(key, Some(text));
    }
    let changes = planned(tx, settable, place, &before, &wish)?;
    make(tx, settable, place, before, &wish, changes, (note, Some(to_revision)))
}

/// Tells some of what is set once more, for services that have not been there when it was told and whose log has
/// forgotten it since; says where to go on.
pub fn retell(
    tx: &mut Tx<'_>,
    after: &(String, String, String),
) -> Result<Option<(String, String, String)>, StoreError> {
    let configs = store::configs_after(tx, after, AT_A_TIME)?;
    for (place, config) in &configs {
        tell(tx, place, config)?;
    }
    let last = configs.last().filter(|_| configs.len() == AT_A_TIME as usize);
    Ok(last.map(|(place, _)| {
        (place.project.to_string(), place.service.to_string(), place.environment.to_string())
    }))
}

/// Notes a sign of life.
pub fn hear(
    tx: &mut Tx<'_>,
    name: (ServiceName, InstanceName),
    said: &Said,
    lease: Duration,
) -> Result<Listed, Error> {
    let before = store::instance(tx, &name.0, &name.1)?.map(|listed| listed.instance);
    let now = Instance::heard(name, before.as_ref(), said, tx.now(), lease);
    change_instance(tx, before.as_ref(), &now)
}

/// Notes that an instance has gone.
pub fn let_go(tx: &mut Tx<'_>, service: &ServiceName, name: &InstanceName) -> Result<Listed, Error> {
    let before = store::instance(tx, service, name)?.ok_or(Error::NoSuchInstance)?.instance;
    let now = before.clone().gone(tx.now());
    change_instance(tx, Some(&before), &now)
}

/// Marks down whoever was silent for too long, and tells it.
pub fn expire(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for news in store::expire(tx, AT_A_TIME)? {
        tx.publish(format!("{}/{}", news.service, news.instance), &news)?;
    }
    Ok(())
}

/// Forgets instances that went down by `until`.
pub fn forget_down(tx: &mut Tx<'_>, until: Timestamp) -> Result<(), StoreError> {
    store::forget_down(tx, until, AT_A_TIME).map(drop)
}

fn change_instance(tx: &mut Tx<'_>, before: Option<&Instance>, now: &Instance) -> Result<Listed, Error> {
    store::put_instance(tx, now)?;
    if let Some(news) = now.news(before) {
        tx.publish(format!("{}/{}", now.service, now.instance), &news)?;
    }
    store::instance(tx, &now.service, &now.instance)?.ok_or(Error::NoSuchInstance)
}

/// What is set at a place, as the caller saw it.
fn seen(tx: &mut Tx<'_>, place: &Place, seen: Option<u64>) -> Result<Config, Error> {
    let config = store::config(tx, place)?;
    if seen.is_some_and(|seen| seen != config.revision) {
        return Err(StoreError::Conflict.into());
    }
    Ok(config)
}

fn planned(
    tx: &Tx<'_>,
    settable: Settable<'_>,
    place: &Place,
    before: &Config,
    wish: &Wish,
) -> Result<Vec<Change>, Error> {
    // A value whose key was lost counts as another one: it can be set anew.
    plan(settable, &before.texts, wish, |key, sealed| opened(tx, place, key, sealed).ok())
        .map_err(Error::Refused)
}

/// Makes the next revision of `changes` and tells it.
fn make(
    tx: &mut Tx<'_>,
    settable: Settable<'_>,
    place: &Place,
    before: Config,
    wish: &Wish,
    changes: Vec<Change>,
    (note, restores): (&Note, Option<u64>),
) -> Result<Config, Error> {
    if changes.is_empty() {
        return Ok(before);
    }
    let (revision, mut texts) = (before.revision + 1, before.texts);
    for Change { key, .. } in &changes {
        let is_secret = settable.find(key).is_some_and(|declaration| declaration.secret);
        match wish.get(key).and_then(Option::as_deref) {
            None => drop(texts.remove(key)),
            Some(text) if is_secret => drop(texts.insert(key.clone(), sealed(tx, place, key, text)?)),
            Some(text) => drop(texts.insert(key.clone(), text.to_owned())),
        }
    }
    store::put_config(tx, place, revision, &texts)?;
    let made_by = tx.origin().actor.clone().unwrap_or_default();
    let made =
        Revision { revision, made_at: tx.now(), made_by, remark: note.remark.clone(), restores, changes };
    store::insert_revision(tx, place, &made, &texts)?;
    store::forget_revisions(tx, place, revision.saturating_sub(Revision::KEPT_MAX))?;
    let config = Config { revision, changed_at: Some(made.made_at), texts };
    tell(tx, place, &config)?;
    Ok(config)
}

fn tell(tx: &mut Tx<'_>, place: &Place, config: &Config) -> Result<(), StoreError> {
    let told = ConfigPublished {
        service: place.service.to_string(),
        environment: place.environment.to_string(),
        revision: config.revision,
        values: config.texts.clone(),
    };
    let told = if place.project == platform() {
        tx.publish(place.key(), &told)
    } else {
        tx.publish_for(place.project, place.key(), &told)
    };
    told.map(drop)
}

fn sealed(tx: &Tx<'_>, place: &Place, key: &str, text: &str) -> Result<String, SealError> {
    tx.keys().keyring.seal(&sealing_context(place.service.as_str(), key), text.as_bytes())
}

fn opened(tx: &Tx<'_>, place: &Place, key: &str, text: &str) -> Result<String, SealError> {
    let plain = tx.keys().keyring.open(&sealing_context(place.service.as_str(), key), text)?;
    String::from_utf8(plain).map_err(|_| SealError::Malformed)
}
