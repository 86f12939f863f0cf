//! Hearing the registry: what it publishes for this service is checked, kept in the service's own database and, once
//! that is stored, put in place.
//!
//! A value that this program does not take is left out and the last good one stays; a setting that it does not know
//! is kept for a newer program of the same service. At a start everything comes from the database.

use std::time::Duration;

use contracts::events::fleet::ConfigPublished;
use contracts::{Envelope, ProjectId};
use tokio::sync::watch;

use super::live::{Change, Texts};
use super::settings::Settings;
use super::store::{self, Heard, Kept};
use crate::events::HandlerError;
use crate::keys::Keys;
use crate::service::ENVIRONMENT;
use crate::store::{Json, Scope, Store, StoreError, Tx, project_text};

/// The service that publishes settings.
pub const REGISTRY: &str = "registry";

const WORK: Scope = Scope::System("settings that change while running");
/// Another process of the service may have heard something.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const SCOPES_AT_A_TIME: u32 = 500;

/// Why a value is not taken.
enum Refusal {
    /// Nothing that may change while running is called so here.
    Unknown,
    /// It is not what the setting may hold.
    Bad { expected: String },
}

/// Binds the sealed value of a secret setting to its place.
pub fn sealing_context(service: &str, key: &str) -> Vec<u8> {
    format!("config:{service}:{key}").into_bytes()
}

/// Keeps what the registry has published, if it is for `service` and newer than what is kept.
pub(crate) fn on_published(
    service: &'static str,
    settings: Settings,
) -> impl Fn(&mut Tx<'_>, &Envelope) -> Result<(), HandlerError> {
    move |tx, envelope| {
        let told: ConfigPublished = envelope.read().map_err(HandlerError::new)?;
        if told.service != service || told.environment != settings.get(&ENVIRONMENT) {
            return Ok(());
        }
        let (project, origin) = (envelope.project_id, tx.origin().clone());
        tx.acting(WORK, origin, |tx| keep(tx, service, &settings, project, &told))?;
        settings.live().nudge();
        Ok(())
    }
}

fn keep(
    tx: &mut Tx<'_>,
    service: &str,
    settings: &Settings,
    project: Option<ProjectId>,
    told: &ConfigPublished,
) -> Result<(), StoreError> {
    let scope = project_text(project);
    let before = store::find(tx, &scope)?;
    if before.as_ref().is_some_and(|before| before.revision >= told.revision) {
        return Ok(());
    }
    let before = before.map(|before| before.texts.0).unwrap_or_default();
    let mut texts = Heard::new();
    for (key, text) in &told.values {
        match opened(tx.keys(), settings, service, project, (key, text)) {
            Ok(_) | Err(Refusal::Unknown) => drop(texts.insert(key.clone(), text.clone())),
            Err(Refusal::Bad { expected }) => {
                tracing::warn!(
                    service,
                    setting = key,
                    expected,
                    revision = told.revision,
                    "a value from the registry is not taken; the last good one stays"
                );
                texts.extend(before.get(key).map(|last| (key.clone(), last.clone())));
            }
        }
    }
    let turn = store::next_turn(tx)?;
    store::keep(tx, &Kept { scope, revision: told.revision, turn, texts: Json(texts) })
}

/// The setting's name and its value in clear, where this program takes it.
fn opened(
    keys: &Keys,
    settings: &Settings,
    service: &str,
    project: Option<ProjectId>,
    (key, text): (&str, &str),
) -> Result<(&'static str, String), Refusal> {
    let declaration = settings.changeable(key, project.is_some()).ok_or(Refusal::Unknown)?;
    let text = if declaration.secret {
        let plain = keys.keyring.open(&sealing_context(service, key), text).ok();
        let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
        plain.ok_or_else(|| Refusal::Bad { expected: "a value sealed for this setting".to_owned() })?
    } else {
        text.to_owned()
    };
    match (declaration.check)(&text) {
        Ok(()) => Ok((declaration.key, text)),
        // What a parser says of a secret may quote it.
        Err(_) if declaration.secret => Err(Refusal::Bad { expected: declaration.kind.to_owned() }),
        Err(expected) => Err(Refusal::Bad { expected }),
    }
}

/// Puts in place what was kept before this process started. Blocks.
pub(crate) fn load(store: &Store, settings: &Settings) -> Result<(), StoreError> {
    // A runtime must not start inside another, and the caller may be inside one.
    std::thread::scope(|scope| {
        let loading = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .map_err(|error| StoreError::Unavailable(error.into()))?;
            runtime.block_on(refresh(store, settings))
        });
        loading.join().unwrap_or(Err(StoreError::Panicked))
    })
}

/// Puts in place what was kept since the last look.
pub(crate) async fn refresh(store: &Store, settings: &Settings) -> Result<(), StoreError> {
    loop {
        let turn = settings.live().turn();
        let kept = store.read(WORK, move |tx| store::since(tx, turn, SCOPES_AT_A_TIME)).await?;
        let is_last = kept.len() < SCOPES_AT_A_TIME as usize;
        let changes = kept.into_iter().map(|kept| change(store, settings, kept));
        settings.live().take(changes.collect::<Result<_, _>>()?);
        if is_last {
            return Ok(());
        }
    }
}

fn change(store: &Store, settings: &Settings, kept: Kept) -> Result<Change, StoreError> {
    let project = match kept.scope.as_str() {
        "" => None,
        scope => {
            let unreadable = || StoreError::Sql(format!("settings are kept for `{scope}`").into());
            Some(scope.parse::<ProjectId>().map_err(|_| unreadable())?)
        }
    };
    let mut texts = Texts::new();
    for (key, text) in &kept.texts.0 {
        match opened(store.keys(), settings, store.service(), project, (key, text)) {
            Ok((key, text)) => drop(texts.insert(key, text)),
            Err(Refusal::Unknown) => {}
            Err(Refusal::Bad { expected }) => {
                tracing::warn!(
                    service = store.service(),
                    setting = key,
                    expected,
                    "a kept value is not taken any more"
                );
            }
        }
    }
    Ok(Change { turn: kept.turn, project, revision: kept.revision, texts })
}

/// Puts changes in place as they come, until `stop`.
pub(crate) async fn watch(store: Store, settings: Settings, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let looked = tokio::select! {
            stopped = stop.changed() => if stopped.is_ok() { Ok(()) } else { return },
            () = settings.live().nudged() => look(&store, &settings).await,
            () = tokio::time::sleep(LOOK_AGAIN) => refresh(&store, &settings).await,
        };
        if let Err(error) = looked {
            tracing::debug!(service = store.service(), error = %error, "settings are not looked at now");
        }
    }
}

/// Looks after the transaction that has heard something has ended.
async fn look(store: &Store, settings: &Settings) -> Result<(), StoreError> {
    store.write(WORK, store::behind_the_last).await?;
    refresh(store, settings).await
}
