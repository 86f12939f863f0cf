//! API keys: made, replaced and taken back. The secret is shown once and kept nowhere.

use contracts::events::access::{ApiKeyExpiring, ApiKeyIssued, ApiKeyKind, ApiKeyRevoked};
use contracts::{ApiKeyId, ProjectId};
use kernel::auth::{ApiKeyText, Caller};
use kernel::secrets::Secret;
use kernel::store::Tx;

use super::{author, within};
use crate::access::store::keys as store;
use crate::domain::api_key::{ApiKey, KEYS_MAX, KeyState, expires_at};
use crate::domain::role::sorted;
use crate::domain::text::{Grant, Title};
use crate::error::Error;

/// A key that is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose it is.
    pub kind: ApiKeyKind,
    /// What people call it.
    pub name: Title,
    /// What it may do.
    pub scopes: Vec<Grant>,
    /// After how many days it is refused.
    pub expires_in_days: Option<u32>,
}

/// A new key, and its text to be shown once.
pub struct Shown {
    /// What is known of it from now on.
    pub key: ApiKey,
    /// The whole text.
    pub text: Secret<String>,
}

/// What the marks of keys are made for; the gateway checks them under the same name.
const USE: &[u8] = b"api key";
const TOO_MANY: Error =
    Error::NotNow { code: "too_many_keys", message: "a project has at most 100 keys that are good" };
const OVER: Error =
    Error::NotNow { code: "key_not_active", message: "only a key that is good can be replaced" };

/// Makes a key that may do what its maker may.
pub fn create(tx: &mut Tx<'_>, caller: &Caller, project: ProjectId, wanted: &NewKey) -> Result<Shown, Error> {
    within(caller, &wanted.scopes)?;
    let live = store::live(tx, project)?;
    if live.good.saturating_sub(live.replaced) >= KEYS_MAX {
        return Err(TOO_MANY);
    }
    let id = tx.new_id();
    let expires_at = expires_at(wanted.kind, wanted.expires_in_days, tx.now());
    let key = ApiKey { expires_at, ..blank(tx, id, wanted.kind, &wanted.name, &wanted.scopes) };
    issue(tx, project, key)
}

/// Makes a key that takes the place of another, which goes on for a while.
pub fn rotate(
    tx: &mut Tx<'_>,
    caller: &Caller,
    project: ProjectId,
    id: ApiKeyId,
    overlap_s: u32,
) -> Result<Shown, Error> {
    let now = tx.now();
    let old = store::key(tx, project, id)?.ok_or(Error::NoSuch("API key"))?;
    if old.state(now) != KeyState::Active {
        return Err(OVER);
    }
    within(caller, &old.scopes)?;
    if store::live(tx, project)?.replaced >= KEYS_MAX {
        return Err(TOO_MANY);
    }
    let successor = blank(tx, tx.new_id(), old.kind, &old.name, &old.scopes);
    let successor = ApiKey { expires_at: old.successor_expires_at(now), ..successor };
    let ends_at = old.replaced_expires_at(now, overlap_s);
    let replaced = ApiKey {
        expires_at: Some(ends_at),
        replaced_by: Some(successor.id),
        version: old.version + 1,
        ..old
    };
    store::update_key(tx, project, &replaced)?;
    let shown = issue(tx, project, successor)?;
    tx.publish_for(project, id, &ApiKeyExpiring { api_key_id: id, expires_at: ends_at })?;
    Ok(shown)
}

/// Takes a key back at once. Twice is once.
pub fn revoke(tx: &mut Tx<'_>, project: ProjectId, id: ApiKeyId) -> Result<ApiKey, Error> {
    let key = store::key(tx, project, id)?.ok_or(Error::NoSuch("API key"))?;
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let revoked = ApiKey { revoked_at: Some(tx.now()), version: key.version + 1, ..key };
    store::update_key(tx, project, &revoked)?;
    tx.publish_for(project, id, &ApiKeyRevoked { api_key_id: id })?;
    Ok(revoked)
}

/// Makes a key of a name that is known beforehand; its secret is thrown away, so that nobody calls with it. What a
/// sandbox lets in under that name is the gateway's business. Twice is once.
pub fn issue_known_key(
    tx: &mut Tx<'_>,
    project: ProjectId,
    id: ApiKeyId,
    kind: ApiKeyKind,
    name: &Title,
    scopes: &[Grant],
) -> Result<(), Error> {
    if store::key(tx, project, id)?.is_some() {
        return Ok(());
    }
    let key = blank(tx, id, kind, name, scopes);
    issue(tx, project, key).map(drop)
}

fn blank(tx: &Tx<'_>, id: ApiKeyId, kind: ApiKeyKind, name: &Title, scopes: &[Grant]) -> ApiKey {
    ApiKey {
        id,
        kind,
        name: name.clone(),
        scopes: sorted(scopes.to_vec()),
        last_four: String::new(),
        created_at: tx.now(),
        created_by: author(tx),
        expires_at: None,
        revoked_at: None,
        replaced_by: None,
        last_used_at: None,
        version: 1,
    }
}

/// Gives a key its secret, keeps the mark of it, and tells the gateways.
fn issue(tx: &mut Tx<'_>, project: ProjectId, key: ApiKey) -> Result<Shown, Error> {
    let text = ApiKeyText::generate(key.kind, key.id)?;
    let key = ApiKey { last_four: text.last_four().to_owned(), ..key };
    let mark = tx.keys().keyring.macs(USE).mark(&text.proof());
    store::insert_key(tx, project, &key, &mark)?;
    let told = ApiKeyIssued {
        api_key_id: key.id,
        kind: key.kind,
        scopes: key.scopes.iter().map(Grant::to_string).collect(),
        mac: mark,
        expires_at: key.expires_at,
    };
    tx.publish_for(project, key.id, &told)?;
    Ok(Shown { key, text: text.reveal() })
}
