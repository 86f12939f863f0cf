//! Addresses that hear events, and their secrets: shown once, sealed where they are kept.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{EventId, Timestamp};
use kernel::secrets::{Secret, random};
use kernel::store::Tx;

use super::accepting::bare;
use super::composing::keep;
use crate::domain::endpoint::{ENDPOINTS_MAX, Endpoint, EndpointId, Hears, OVERLAP, SECRET_BYTES};
use crate::domain::notification::{Channel, Message, Priority, Said, To, Wanted};
use crate::domain::words::{Category, WebUrl};
use crate::error::Error;
use crate::jobs::Deliver;
use crate::store::endpoints as store;
use crate::store::notifications::{Kept, insert_many};

/// Makes an endpoint; its secret is shown this once.
pub fn create(tx: &mut Tx<'_>, url: &WebUrl, kinds: &[Hears]) -> Result<(Endpoint, Secret<String>), Error> {
    if store::count(tx)? >= ENDPOINTS_MAX {
        return Err(Error::TooMany("endpoints"));
    }
    let mut kinds = kinds.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let endpoint = Endpoint {
        id: tx.new_id(),
        url: url.clone(),
        kinds,
        gone_at: None,
        old_secret_until: None,
        created_at: tx.now(),
    };
    let (secret, sealed) = new_secret(tx, endpoint.id)?;
    store::insert(tx, &endpoint, &sealed)?;
    Ok((endpoint, secret))
}

/// Gives an endpoint another secret; the one before goes on beside it for a day.
pub fn rotate(tx: &mut Tx<'_>, id: EndpointId) -> Result<(Endpoint, Secret<String>), Error> {
    let endpoint = store::find(tx, id)?.ok_or(Error::NoSuch("endpoint"))?;
    let (secret, sealed) = new_secret(tx, id)?;
    let until = tx.now().saturating_add(OVERLAP);
    store::rotate(tx, id, &sealed, until)?;
    Ok((Endpoint { gone_at: None, old_secret_until: Some(until), ..endpoint }, secret))
}

/// Forgets an endpoint; what is on its way there is not sent any more.
pub fn delete(tx: &mut Tx<'_>, id: EndpointId) -> Result<(), Error> {
    if store::delete(tx, id)? { Ok(()) } else { Err(Error::NoSuch("endpoint")) }
}

/// The address of an endpoint and the secrets that sign today, the newest first; none where nobody wants it.
pub fn open_secrets(tx: &mut Tx<'_>, id: EndpointId) -> Result<Option<(String, Vec<String>)>, Error> {
    let Some(kept) = store::secrets(tx, id)?.filter(|kept| kept.gone_at.is_none()) else { return Ok(None) };
    let old = kept.old_secret.filter(|_| kept.old_secret_until.is_some_and(|until| tx.now() < until));
    let mut secrets = Vec::with_capacity(2);
    for sealed in std::iter::once(kept.secret).chain(old) {
        let secret = tx.keys().keyring.open(&context(id), &sealed)?;
        secrets.push(String::from_utf8_lossy(&secret).into_owned());
    }
    Ok(Some((kept.url.to_string(), secrets)))
}

/// Tells an event to each endpoint of the project that hears it.
pub fn tell(tx: &mut Tx<'_>, kind: Hears, event: EventId, at: Timestamp, data: &str) -> Result<(), Error> {
    let endpoints = store::list(tx, None, ENDPOINTS_MAX)?;
    let mut all = Vec::new();
    for endpoint in endpoints {
        if endpoint.gone_at.is_some() || !endpoint.kinds.contains(&kind) {
            continue;
        }
        let wanted = Wanted {
            channel: Channel::Webhook,
            to: To::Url(endpoint.url.clone()),
            user: None,
            said: Said::Event { kind: kind.as_str().to_owned(), at, data: data.to_owned() },
            category: None,
            locale: None,
            priority: Priority::Normal,
            expires_at: None,
            metadata: BTreeMap::new(),
        };
        let message = Message::Webhook { kind: kind.as_str().to_owned(), at, data: data.to_owned() };
        let id = tx.new_id();
        let content = Some(keep(tx, id, &message, false)?);
        let recipient = Some(endpoint.url.to_string());
        let bare = bare(tx, id, &wanted, Category::ours("event"), recipient);
        let kept = Kept { content, endpoint_id: Some(endpoint.id), ..bare };
        all.push((kept, format!("event:{event}:{}", endpoint.id)));
    }
    if all.is_empty() {
        return Ok(());
    }
    insert_many(tx, &all)?;
    for (kept, _) in all {
        tx.enqueue(&Deliver { notification: kept.id, provider: 0 })?;
    }
    Ok(())
}

fn new_secret(tx: &Tx<'_>, id: EndpointId) -> Result<(Secret<String>, String), Error> {
    let bytes: [u8; SECRET_BYTES] = random()?;
    let text = format!("whsec_{}", STANDARD.encode(bytes));
    let sealed = tx.keys().keyring.seal(&context(id), text.as_bytes())?;
    Ok((Secret::new(text), sealed))
}

/// Moved to another endpoint, a sealed secret does not open.
fn context(id: EndpointId) -> Vec<u8> {
    format!("webhook secret of {id}").into_bytes()
}
