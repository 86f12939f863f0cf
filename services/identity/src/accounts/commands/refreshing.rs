//! Refreshing: a token for the next, once; and leaving.

use contracts::{SessionId, UserId};
use http::HeaderMap;
use kernel::auth::{CSRF_USE, csrf_fits};
use kernel::secrets::Secret;
use kernel::store::Tx;

use super::Counted;
use super::entering::{Admitted, is_token_of, new_token};
use super::houses::{self, Standing};
use super::sessions::{end_one, why};
use crate::accounts::store::persons::{self, Status};
use crate::accounts::store::sessions::{self as store, KeptToken};
use crate::accounts::telling::{RefreshReused, tell};
use crate::domain::code::Acting;
use crate::domain::session::{Presented, REUSE_KNOWN, RefreshTokenId, satisfies, second_step};
use crate::error::Error;

/// A refresh token that somebody shows.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name.
    pub id: RefreshTokenId,
    /// The whole of it.
    pub text: Secret<String>,
    /// The headers that came with it, where it came in a cookie: then any page may have sent it.
    pub by_cookie: Option<HeaderMap>,
}

impl Shown {
    /// A token as it was sent, if it can be one at all.
    pub fn parse(text: String, by_cookie: Option<HeaderMap>) -> Option<Self> {
        let id = text.split_once('.')?.0.parse().ok()?;
        Some(Self { id, text: Secret::new(text), by_cookie })
    }
}

/// Begins the next ten minutes. Asked twice within a moment, by however many at once, the answer is the same;
/// asked later with a token that was used, somebody has a copy, and the whole session ends.
pub fn refresh(tx: &mut Tx<'_>, shown: &Shown, project: Option<&str>) -> Counted<Admitted> {
    let Some(kept) = recognised(tx, shown)? else { return Ok(Err(Error::SignInAgain)) };
    let presented = kept.state().presented(tx.now());
    match presented {
        Presented::Over => return Ok(Err(Error::SignInAgain)),
        Presented::Reused => {
            end_one(tx, kept.user_id, kept.session_id, why::REUSE)?;
            let told = RefreshReused { user_id: kept.user_id, session_id: kept.session_id };
            tell(tx, kept.acts_for, kept.user_id, &told)?;
            return Ok(Err(Error::SignInAgain));
        }
        Presented::Now | Presented::Again => {}
    }
    let standing = standing_of(tx, &kept, project)?;
    let next = match (presented, &kept.successor) {
        (Presented::Again, Some(sealed)) => {
            let plain = tx.keys().keyring.open(&place(shown.id), sealed)?;
            Secret::new(String::from_utf8_lossy(&plain).into_owned())
        }
        _ => rotate(tx, shown.id, &kept, &standing)?,
    };
    let Standing { project, grants, projects, .. } = standing;
    Ok(Ok(Admitted {
        user: kept.user_id,
        session: kept.session_id,
        project,
        grants,
        projects,
        refresh: Some(next),
        refresh_life: kept.session_expires_at.duration_since(tx.now()),
        cookie: shown.by_cookie.is_some(),
    }))
}

/// Leaves: the session of the token or of the caller is over. That there is none any more is no error.
pub fn leave(
    tx: &mut Tx<'_>,
    signed_in: Option<(UserId, SessionId)>,
    shown: Option<&Shown>,
) -> Result<(), Error> {
    if let Some((user, session)) = signed_in {
        end_one(tx, user, session, why::LOGOUT)?;
    }
    if let Some(shown) = shown
        && let Some(kept) = recognised(tx, shown)?
    {
        end_one(tx, kept.user_id, kept.session_id, why::LOGOUT)?;
    }
    Ok(())
}

/// The token as we know it; one that came in a cookie must come from a page of ours.
fn recognised(tx: &mut Tx<'_>, shown: &Shown) -> Result<Option<KeptToken>, Error> {
    let found = store::locked_token(tx, shown.id)?;
    let Some(kept) = found.filter(|kept| is_token_of(tx, &kept.mark, &shown.text)) else { return Ok(None) };
    if let Some(headers) = &shown.by_cookie {
        let macs = tx.keys().keyring.macs(CSRF_USE);
        if !csrf_fits(&macs, kept.session_id, headers) {
            return Err(Error::NotOurPage);
        }
    }
    Ok(Some(kept))
}

/// What the person is now where they act, or want to act from now on: nothing of it is taken from the token.
fn standing_of(tx: &mut Tx<'_>, kept: &KeptToken, project: Option<&str>) -> Result<Standing, Error> {
    let acting = match project {
        None => kept.acts_for.map_or(Acting::Platform, Acting::Project),
        Some(name) => houses::acting(tx, Some(name), None, None)?.ok_or(Error::NoSuch("project"))?,
    };
    let person = persons::person(tx, kept.user_id)?.filter(|person| person.status == Status::Active);
    let person = person.ok_or(Error::SignInAgain)?;
    let refused = if project.is_some() { Error::NoSuch("project") } else { Error::SignInAgain };
    let standing = houses::standing(tx, person.id, acting)?.ok_or(refused)?;
    let settings = &standing.settings;
    let ends_at =
        kept.created_at.saturating_add(std::time::Duration::from_secs(3_600) * settings.session_hours);
    let step = second_step(settings.otp, person.has_authenticator());
    // Another project, or the same since, may ask for more than this session was begun with.
    if !settings.refresh || ends_at <= tx.now() || !satisfies(&kept.methods, step) {
        return Err(Error::SignInAgain);
    }
    Ok(standing)
}

fn rotate(
    tx: &mut Tx<'_>,
    id: RefreshTokenId,
    kept: &KeptToken,
    standing: &Standing,
) -> Result<Secret<String>, Error> {
    let (next, mark) = new_token(tx)?;
    store::insert_token(tx, next.id, kept.session_id, &mark, kept.session_expires_at)?;
    let sealed = tx.keys().keyring.seal(&place(id), next.text.expose().as_bytes())?;
    let known_until = kept.session_expires_at.min(tx.now().saturating_add(REUSE_KNOWN));
    store::set_token_used(tx, id, &sealed, known_until)?;
    store::touch(tx, kept.session_id, standing.project)?;
    Ok(next.text)
}

fn place(id: RefreshTokenId) -> Vec<u8> {
    format!("refresh_tokens.successor:{id}").into_bytes()
}
