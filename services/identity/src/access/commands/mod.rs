//! What one can do with projects and with those in them, by what it is about.

pub mod keys;
pub mod kyc;
pub mod members;
pub mod projects;
pub mod roles;

use kernel::auth::Caller;
use kernel::store::Tx;

use crate::domain::text::Grant;
use crate::error::Error;

/// Nobody gives away, takes away or changes what they do not have themselves.
fn within<'g>(caller: &Caller, grants: impl IntoIterator<Item = &'g Grant>) -> Result<(), Error> {
    match grants.into_iter().find(|grant| !caller.covers(grant.as_str())) {
        Some(beyond) => Err(Error::MoreThanYours(beyond.to_string())),
        None => Ok(()),
    }
}

/// Who asked, as it is written down beside what they did.
fn author(tx: &Tx<'_>) -> String {
    tx.origin().actor.clone().unwrap_or_else(|| "service:identity".to_owned())
}
